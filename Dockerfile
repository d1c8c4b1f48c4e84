# What the Astro CLI expects. Not run here: no Docker on the machines on which Tradewind is built.
# requirements.txt and packages.txt are installed by the base image's triggers.
FROM astrocrpublic.azurecr.io/runtime:3.3-2
ENV GX_ANALYTICS_ENABLED=false
ENV AIRFLOW__OPENLINEAGE__NAMESPACE=tradewind
ENV AIRFLOW__OPENLINEAGE__EXTRACTORS=include.orchestration.lineage.AssetExtractor
