import { createApp } from 'vue';
import { createPinia } from 'pinia';
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import App from './App.vue';
import { connect } from './api/client.ts';
import { ensureValidLanguage } from './api/valid-language.ts';
import { preloadViews, recoverFailedViews } from './failed-views.ts';
import { router, views } from './router.ts';
import { useToasts } from './stores/toasts.ts';

ensureValidLanguage();
connect();
const app = createApp(App);
app.use(createPinia());
recoverFailedViews(router);
app.use(router);
app.config.errorHandler = (error) => {
  console.error(error);
  useToasts().error(error);
};
// A request that nobody caught has failed where no place shows its state: say so.
window.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  console.error(event.reason);
  useToasts().error(event.reason);
});
// The first place is settled before anything can be pressed: an address given meanwhile would be lost to it.
const mount = () => {
  app.mount('#app');
};
router
  .isReady()
  .then(mount, mount)
  .finally(() => preloadViews(views));
