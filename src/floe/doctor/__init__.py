"""What `floe doctor` looks at: versions, the project, its runs, and the file system that it lies on."""
