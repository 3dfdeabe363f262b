// @vitest-environment happy-dom
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import DraftInput from '../../src-renderer/components/base/DraftInput.vue';

describe('a field under edit', () => {
  it('keeps what is being typed when its surroundings are redrawn', async () => {
    const field = mount(DraftInput, { props: { value: 'old' } });
    await field.find('input').setValue('half typ');
    await field.setProps({ value: 'from elsewhere' });
    expect(field.find('input').element.value).toBe('half typ');
  });
  it('hands over what was typed when it is left, and then shows what holds', async () => {
    const field = mount(DraftInput, { props: { value: 'old' } });
    const input = field.find('input');
    await input.setValue('new');
    await input.trigger('change');
    await field.setProps({ value: 'new, tidied' });
    await input.trigger('blur');
    expect(field.emitted('commit')?.at(-1)).toEqual(['new']);
    expect(input.element.value).toBe('new, tidied');
  });
});
