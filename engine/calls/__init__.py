"""Resources and functions whose calls follow no row of the table."""
