/** A record that is merged into another one. */
export default {
  'merge.act': ['与重复的记录合并…', 'Merge with its duplicate…'],
  'merge.title': ['合并重复的记录', 'Merge duplicates'],
  'merge.lead': [
    '“{name}”并入您选的那条：那条没有的内容由它补上，提到它的记录改为提到那条；“{name}”标为删除，经过留在那里。',
    '“{name}” is merged into the record that you choose: that one gets what it lacks, and the records that refer to this one refer to it. “{name}” is marked as deleted; its history stays there.',
  ],
  'merge.into': ['保留哪一条', 'Which one stays'],
  'merge.intoNone': ['请选择保留的记录', 'Choose the record that stays'],
  'merge.itself': ['这就是现在打开的这条，请选择另一条', 'This is the record that is open; choose another one'],
  'merge.both': ['两条都写了，用哪一种', 'Written in both: which one holds'],
  'merge.stays': ['保留的那条：{value}', 'The one that stays: {value}'],
  'merge.goes': ['这一条：{value}', 'This one: {value}'],
  'merge.adds': ['把这一条的也加上：{value}', 'Add those of this one: {value}'],
  'merge.gets': ['“{name}”会补上：{list}', '“{name}” gets: {list}'],
  'merge.same': ['两条写的一样，没有要补的内容', 'Both say the same; there is nothing to add'],
  'merge.go': ['合并', 'Merge'],
  'merge.done': ['已合并，手机下次同步时会收到', 'Merged. The phones receive it at their next sync'],
  'merge.doneLeft': [
    '已合并。有 {n} 条记录您不能改，里面写的还是原来的那条，打开时显示为现在这条',
    'Merged. {n} record(s) that you may not change still name the one that went, and show this one when they are opened',
  ],
  'merge.went': ['{name} 已把这条记录并入另一条', '{name} merged this record into another one'],
  'merge.came': ['{name} 把一条重复的记录并了进来', '{name} merged a duplicate into it'],
} as const;
