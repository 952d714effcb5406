"""The history of tables: points in time, branches and tags, and what moves a table along them."""
