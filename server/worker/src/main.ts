import { setDialogDefaultOptions } from 'vant';
import { createApp } from 'vue';
import App from '@/App.vue';
import { choose, locale } from '@/app/locale';
import { router } from '@/app/router';
import { openFirst } from '@/app/start';
import { i18n } from '@/messages';
import '@/theme/vant';
import '@/theme/main.css';

choose(locale.value);
setDialogDefaultOptions({ overlay: false });
createApp(App).use(i18n).use(router).mount('#app');
void openFirst();
