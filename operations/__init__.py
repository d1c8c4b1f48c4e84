"""The commands of the Makefile: start services, run DAGs through Airflow's REST API, control campaigns."""
