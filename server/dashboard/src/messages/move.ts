/** A record that is moved to another grid. */
export default {
  'move.act': ['移到其他网格…', 'Move to another grid…'],
  'move.title': ['移到其他网格', 'Move to another grid'],
  'move.lead': [
    '“{name}”会带着全部内容和状态移到所选网格，提到它的记录（走访、事项、任务等）随之改为新的那条，但各自留在原来的网格；原来的这条标为删除，经过留在那里。',
    '“{name}” goes to the grid that you choose with all that is in it and its status, and the records that refer to it, such as visits and matters, refer to the new one and stay in the grid they are in. The old one is marked as deleted; its history stays there.',
  ],
  'move.grid': ['移到哪个网格', 'To which grid'],
  'move.gridNone': ['请选择网格', 'Choose a grid'],
  'move.go': ['移动', 'Move'],
  'move.done': ['已移到“{grid}”，手机下次同步时会收到', 'Moved to “{grid}”. The phones receive it at their next sync'],
  'move.left': [
    '已移动。有 {n} 条记录您不能改，里面写的还是原来的那条，打开时显示为现在这条：',
    'Moved. {n} record(s) that you may not change still name the old one, and show the new one when they are opened:',
  ],
  'move.open': ['打开现在的记录', 'Open the record as it is now'],
  'move.before': ['打开原来的记录', 'Open the record as it was'],
  'move.wentTo': ['{name} 已把这条记录移到“{grid}”', '{name} moved this record to “{grid}”'],
  'move.went': ['{name} 已把这条记录移到其他网格', '{name} moved this record to another grid'],
  'move.cameFrom': [
    '由 {name} 从“{grid}”移来，此前的经过在原来的记录里',
    '{name} moved it here from “{grid}”; its history from before is in the old record',
  ],
  'move.came': [
    '由 {name} 从其他网格移来，此前的经过在原来的记录里',
    '{name} moved it here from another grid; its history from before is in the old record',
  ],
} as const;
