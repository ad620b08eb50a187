"""The page's front door: ``python app.py`` serves ragqa on this machine."""

from ragqa.cli.manage import main

if __name__ == "__main__":
    main()
