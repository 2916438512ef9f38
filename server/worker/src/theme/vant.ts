/** The parts of Vant that are used, each with its style sheet, without its icons: their sheet asks another server for a font. */
import 'vant/es/style/base.css';
import 'vant/es/overlay/index.css';
import 'vant/es/popup/index.css';
import 'vant/es/loading/index.css';
import 'vant/es/button/index.css';
import 'vant/es/dialog/index.css';
