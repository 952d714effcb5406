"""Where the files of tables lie: local folders and object stores behind one interface."""
