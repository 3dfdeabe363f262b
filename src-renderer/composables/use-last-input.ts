import { readonly, ref } from 'vue';

/** What the person did last: the name of a key, or a press or a movement of the pointer. */
const last = ref('');
let listening = false;

export function useLastInput() {
  if (!listening) {
    listening = true;
    const options = { capture: true, passive: true };
    window.addEventListener('keydown', ({ key }) => (last.value = key), options);
    window.addEventListener('pointerdown', () => (last.value = 'press'), options);
    window.addEventListener('pointermove', () => (last.value = 'move'), options);
  }
  return readonly(last);
}
