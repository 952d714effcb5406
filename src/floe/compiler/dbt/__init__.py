"""What the compiler asks of dbt: parse the project, render its SQL. Only modules here import dbt."""
