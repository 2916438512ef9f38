import { createApp } from 'vue';
import App from '@/App.vue';
import { choose, locale } from '@/app/locale';
import { router } from '@/app/router';
import { vScrolls } from '@/app/scrolls';
import { i18n } from '@/messages';
import '@/theme/element';
import '@/theme/main.css';

choose(locale.value);
createApp(App).directive('scrolls', vScrolls).use(i18n).use(router).mount('#app');
