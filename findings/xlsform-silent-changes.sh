#!/usr/bin/env bash
# What people write into an XLSForm is changed on the way to the form, and the conversion says nothing:
# a day that is typed into a cell of type day comes out as a moment, which is no value of a `date`
# question; and the choice that `or_other` adds is called "Other" in every language of the form.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyxform==4.5.0 openpyxl==3.1.5
cat >look.py <<'PY'
import datetime
import importlib.metadata
import re

import openpyxl
from pyxform.xls2xform import convert

print("pyxform", importlib.metadata.version("pyxform"))


def form(survey, choices=()):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "survey"
    for row in survey:
        sheet.append(row)
    if choices:
        sheet = book.create_sheet("choices")
        for row in choices:
            sheet.append(row)
    book.save("form.xlsx")
    done = convert("form.xlsx", validate=False)
    return done.xform, list(done.warnings)


xform, warnings = form([["type", "name", "label", "default"], ["date", "d", "Day", datetime.date(2024, 3, 5)]])
kept = re.search(r"<d>(.*?)</d>", xform)[1]
print(f"    a cell of the day 2024-03-05 as default of a date: {kept!r}, {len(warnings)} warnings")
assert (kept, warnings) == ("2024-03-05 00:00:00", []), (kept, warnings)

xform, warnings = form(
    [["type", "name", "label::English (en)", "label::French (fr)"], ["select_one yn or_other", "q", "Pick", "Choisir"]],
    [["list_name", "name", "label::English (en)", "label::French (fr)"], ["yn", "yes", "Yes", "Oui"]],
)
french = re.search(r'<translation lang="French \(fr\)".*?</translation>', xform, re.S)[0]
print(f"    the choice that or_other adds, in French: {'Other' if '>Other<' in french else 'not Other'}")
assert ">Other<" in french and ">Oui<" in french, french
PY
venv/bin/python look.py
echo "as described"
