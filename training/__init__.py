"""Train, choose, export and calibrate the reader; see README.md here. Nothing in the package needs it."""
