"""What compiling a dbt project and rendering its nodes during a run have in common: driving dbt in this process."""
