#!/usr/bin/env bash
# China's State Council announces each autumn which days of the next year are off and which weekends
# are worked for it. Packages that answer "is this a working day?" differ in what they say of a year
# that they have no announcement of, here 2027: one raises, one reckons the feasts and no worked
# weekend, two say without a word that National Day is a working day, and one raises on weekdays and
# answers on weekends, for a year that was announced as well.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  chinesecalendar==1.11.0 holidays==0.109 workalendar==17.0.0
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact chinese-days@1.5.7 chinese-workday@1.16.1
cat >look.py <<'PY'
import datetime
import warnings
from importlib.metadata import version

import chinese_calendar
import holidays
from workalendar.asia import China

warnings.simplefilter("ignore")
reckoned = holidays.China(years=[2026, 2027])
asked = {
    "chinesecalendar": chinese_calendar.is_workday,
    "holidays": reckoned.is_working_day,
    "workalendar": China().is_working_day,
}
DAYS = {
    "2026-10-01": "National Day",
    "2026-10-10": "a Saturday that is worked",
    "2027-10-01": "National Day, not announced",
    "2027-10-09": "a Saturday, not announced",
}
RAISES, WORK, OFF = "raises", "work", "off"
EXPECTED = {
    "chinesecalendar": [OFF, WORK, RAISES, RAISES],
    "holidays": [OFF, WORK, OFF, OFF],
    "workalendar": [RAISES, OFF, RAISES, OFF],
}
for name, is_working_day in asked.items():
    print(f"{name} {version(name)}")
    seen = []
    for day, what in DAYS.items():
        try:
            answer = WORK if is_working_day(datetime.date.fromisoformat(day)) else OFF
            print(f"    {day} ({what}): {answer}")
        except Exception as error:
            answer = RAISES
            print(f"    {day} ({what}): {type(error).__name__}: {error}")
        seen.append(answer)
    assert seen == EXPECTED[name], seen
PY
venv/bin/python look.py
cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import days from "chinese-days";
import { isWorkday } from "chinese-workday";

for (const [name, asked] of Object.entries({ "chinese-days": days.isWorkday, "chinese-workday": isWorkday })) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version);
  const seen = ["2026-10-01", "2026-10-10", "2027-10-01", "2027-10-09"].map((day) => {
    const answer = asked(day) ? "work" : "off";
    console.log(`    ${day}: ${answer}`);
    return answer;
  });
  assert.deepEqual(seen, ["off", "work", "work", "off"]);
}
JS
node look.mjs
echo "as described"
