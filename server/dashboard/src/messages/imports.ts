/** What was imported, and taking it back. */
export default {
  'imports.title': ['导入历史', 'Past imports'],
  'imports.one': ['一次导入', 'An import'],
  'imports.lead': [
    '以前导入过的文件：区域、事项、事项清单、工作日历和计划。文件名不保存。撤回一次导入，会去掉它新建而此后没有人动过的内容；有人改过或正在使用的留下。',
    'The files that were imported so far: areas, matters, the catalogue, the calendar and plans. What a file was called is not kept. Taking an import back removes what it made and nobody has touched since; what somebody changed or uses stays.',
  ],
  'imports.what': ['内容', 'What'],
  'imports.when': ['时间和操作人', 'When and by whom'],
  'imports.counts': ['结果', 'Outcome'],
  'imports.areas': ['区域', 'Areas'],
  'imports.catalogue': ['事项清单', 'Catalogue'],
  'imports.matters': ['事项', 'Matters'],
  'imports.plans': ['计划', 'Plans'],
  'imports.file': ['{kind}（{format} 文件）', '{kind} ({format} file)'],
  'imports.calendar': ['工作日历', 'Working calendar'],
  'imports.operator': ['服务器管理员（命令行）', 'Operator (command line)'],
  'imports.counted': [
    '新增 {added}，修改 {changed}，未接受 {refused}',
    '{added} added, {changed} changed, {refused} not taken',
  ],
  'imports.cutOff': ['中途中断', 'Cut off'],
  'imports.undo': ['撤回', 'Take back'],
  'imports.would': [
    '将删除 {records} 条记录，停用或恢复原样 {areas} 个区域、{kinds} 种事项；{left} 项因有人改过、正在使用或原本就有而留下。',
    '{records} record(s) will be deleted, {areas} area(s) and {kinds} kind(s) retired or put back as they were; {left} stay, since somebody changed or uses them, or they were there before.',
  ],
  'imports.wouldCalendar': [
    '工作日历将恢复为导入前的样子，作为新的版本发布。',
    'The working calendar will be as it was before, published as a new version.',
  ],
  'imports.nothing': [
    '没有可以撤回的内容；{left} 项因有人改过、正在使用或原本就有而留下。',
    'There is nothing to take back; {left} stay, since somebody changed or uses them, or they were there before.',
  ],
  'imports.undone': ['已撤回', 'Taken back'],
  'imports.wasUndone': ['已撤回于', 'Taken back'],
} as const;
