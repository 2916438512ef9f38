/** Enrolling a phone, and where that must not be done. */
export default {
  'enrol.title': ['登记这台手机', 'Enrol this phone'],
  'enrol.what': [
    '向主管要一个登记码：用相机扫描，或输入文字。一个登记码只能用一次，15 分钟内有效。',
    'Ask your supervisor for a code, and scan it or type it. A code works once, within 15 minutes.',
  ],
  'enrol.scan': ['扫描登记码', 'Scan the code'],
  'enrol.code': ['登记码', 'Code'],
  'enrol.do': ['登记', 'Enrol'],
  'enrol.working': ['正在登记', 'Enrolling'],
  'enrol.network': [
    '登记需要网络。之后没有网络也能用。',
    'Enrolling needs a network. After that the app works without one.',
  ],
  'enrol.done': ['{name}，这台手机已登记。', '{name}, this phone is enrolled.'],
  'enrol.begin': ['开始使用', 'Begin'],
  'enrol.fetching': ['正在取回记录', 'Fetching records'],
  'persist.kept': [
    '浏览器答应长期保存这台手机上的记录。',
    'The browser has promised to keep the records on this phone.',
  ],
  'persist.maybe': [
    '浏览器还没有答应长期保存：空间不足时可能清除。请把应用添加到主屏幕，并常常同步。',
    'The browser has not promised to keep the records: it may clear them when room is short. Add the app to the Home Screen, and sync often.',
  ],
  'persist.unknown': [
    '浏览器没有说会不会长期保存。请常常同步。',
    'The browser does not say whether it keeps the records. Sync often.',
  ],
  'unfit.title': ['不能在这里登记', 'Not to be enrolled here'],
  'unfit.insecure': [
    '这个网址不是安全连接（HTTPS），浏览器不允许在这里保存数据。请向管理员要以 https:// 开头的网址。',
    'This address is no secure connection (HTTPS), and the browser keeps no data here. Ask the administrator for an address that begins with https://.',
  ],
  'unfit.appleTab': [
    '在 Safari 的标签页里，七天不用就会清除所有记录。请先把应用添加到主屏幕，再从主屏幕打开并登记。',
    'In a tab of Safari everything is cleared after seven days without a visit. Add the app to the Home Screen first, open it from there, and enrol it there.',
  ],
  'unfit.apple1': ['点按底部的“分享”按钮。', 'Tap the Share button.'],
  'unfit.apple2': ['选择“添加到主屏幕”。', 'Choose “Add to Home Screen”.'],
  'unfit.apple3': ['从主屏幕打开“网格员”，在那里登记。', 'Open the app from the Home Screen and enrol it there.'],
  'unfit.noFiles': [
    '这个浏览器太旧，不能可靠地保存记录。请更新它，或使用新版的 Chrome、Edge、Firefox 或 Safari。',
    'This browser is too old to keep records safely. Update it, or use a recent Chrome, Edge, Firefox or Safari.',
  ],
  'unfit.inOtherApp': [
    '在微信里打开的网页可能随时被清除。请点右上角，选择“在浏览器打开”。',
    'What a page keeps inside WeChat may be cleared at any time. Choose “Open in browser” from the menu at the top.',
  ],
  'scan.title': ['扫描', 'Scan'],
  'scan.camera': ['相机画面', 'What the camera sees'],
  'scan.starting': ['正在打开相机', 'Opening the camera'],
  'scan.hold': ['把二维码放在画面中间。', 'Hold the code in the middle of the picture.'],
  'scan.denied': [
    '没有使用相机的许可。请在浏览器设置里允许，或改为输入。',
    'There is no permission to use the camera. Allow it in the browser’s settings, or type the code.',
  ],
  'scan.none': ['没有可用的相机，请改为输入。', 'There is no camera to use: type the code.'],
} as const satisfies Record<string, readonly [string, string]>;
