from qsense.cli import main

main()
