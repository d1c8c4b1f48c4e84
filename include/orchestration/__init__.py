"""From Airflow to plain values, and back: the only room that imports Airflow.

Heavy imports stay inside functions, since DAG files import these modules whenever they are parsed.
"""
