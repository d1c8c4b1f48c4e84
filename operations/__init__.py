"""Starting, watching and asking: what `make` does, outside Airflow's own processes."""
