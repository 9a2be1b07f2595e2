"""What runs, in which order, on which schedule: the only room that knows Dagster."""
