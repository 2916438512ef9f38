/** The parts of Vant that are used, each with its style sheet. */
import 'vant/es/button/style/index';
import 'vant/es/dialog/style/index';
import 'vant/es/loading/style/index';
import 'vant/es/popup/style/index';
import 'vant/es/toast/style/index';
