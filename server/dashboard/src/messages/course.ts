/** From a wish to the answer: meetings, what they resolved, what followed. */
export default {
  'course.title': ['从诉求到答复', 'From the wish to the answer'],
  'course.wish': ['居民诉求', 'Wish'],
  'course.meeting': ['议事', 'Meeting'],
  'course.reply': ['答复', 'Answer'],
  'course.noReply': ['还没有答复', 'Not answered yet'],
  'course.task': ['任务', 'Task'],
  'course.noTask': ['还没有对应的任务', 'No task follows from it yet'],
  'course.noResolutions': ['还没有决议', 'Nothing resolved yet'],
  'course.unnamed': ['（未写内容）', '(not written)'],
} as const;
