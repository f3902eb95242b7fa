"""The rules' functions, one file per subject: pure, small, each mirrors something the viewer's engine does."""
