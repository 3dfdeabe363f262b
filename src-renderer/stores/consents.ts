import { computed, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { Consent } from '@shared/domain/errors.ts';

interface Question {
  consent: Consent;
  /** Why it is asked: the sentence that the request failed with. */
  reason: string;
  answer: (allowed: boolean) => void;
}

/** What a request needs a person’s consent for, one question after the other. A question that is closed is a no. */
export const useConsents = defineStore('consents', () => {
  const questions = shallowRef<readonly Question[]>([]);
  const question = computed(() => questions.value[0] ?? null);

  function ask(consent: Consent, reason: string): Promise<boolean> {
    return new Promise((resolve) => {
      questions.value = [...questions.value, { consent, reason, answer: resolve }];
    });
  }

  function answer(allowed: boolean): void {
    const [first, ...rest] = questions.value;
    questions.value = rest;
    first?.answer(allowed);
  }

  return { question, ask, answer };
});
