"""What people run around a deployment: the first hour, and the state's home. Reads the settings; declares nothing."""
