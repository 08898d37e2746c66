"""One deployment on request: refused or priced, with its marks, techniques and variants (`forecast cost`)."""
