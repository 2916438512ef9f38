/** Being told of new work while the app is closed. */
export default {
  'push.title': ['Gridfold：有新的工作', 'Gridfold: new work for you'],
  'push.body': ['打开应用，同步后就能看到', 'Open the app: it syncs and shows it'],
  'push.switch': ['有新工作时提醒', 'Tell me of new work'],
  'push.what': [
    '别人把工作交给你、退回给你或改了你改的内容时，手机会提醒，提醒里没有居民信息。',
    'This phone tells you when others give you work, send it back or change what you changed. It names nobody.',
  ],
  'push.denied': [
    '浏览器不允许这个应用发通知，请在浏览器或手机的设置里打开。',
    'The browser does not let this app notify you. Allow it in the settings of the browser or the phone.',
  ],
  'push.unreached': [
    '浏览器的推送服务现在连不上，没有开启提醒。有些网络上不了它，请换个网络再试。',
    'The push service of this browser cannot be reached, so nothing was switched on. Some networks do not reach it: try another.',
  ],
};
