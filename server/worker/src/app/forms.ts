/** The forms of the organisation, areas and colleagues, as this phone knows them; asked for again when anything changed. */
import { computed, shallowRef } from 'vue';
import { forgetMine, noteMine } from './ended';
import { onChange, phone, type Area, type Colleague, type FormInfo, type Identity } from '@/phone';

export const forms = shallowRef<FormInfo[]>([]);
export const areas = shallowRef<Area[]>([]);
export const colleagues = shallowRef<Colleague[]>([]);
export const identity = shallowRef<Identity | null>(null);

/** What is written most comes first: a day is visits, and what residents ask for at them. */
const OFTEN = ['visit', 'matter', 'task', 'household', 'meeting'];
function oftenFirst(all: FormInfo[]): FormInfo[] {
  const place = ({ means }: FormInfo) => {
    const at = OFTEN.indexOf(means ?? '');
    return at < 0 ? OFTEN.length : at;
  };
  return [...all].sort((a, b) => place(a) - place(b));
}

export const formOf = (code: string): FormInfo | undefined => forms.value.find((form) => form.code === code);
/** What names a record: the library gives a choice by its key, people know it by its label. */
export function titled(form: string, title: string): string {
  const known = formOf(form);
  const kind = known?.fields.find(({ key }) => key === known.titleField)?.kind;
  const chosen = kind?.type === 'ChooseOne' ? kind.choices.find(({ key }) => key === title) : undefined;
  return chosen?.label ?? title;
}
export const formMeaning = (means: string): FormInfo | undefined => forms.value.find((form) => form.means === means);
/** Those of which something new can be written. */
export const formsInUse = computed(() => forms.value.filter((form) => !form.retired));
/** The grids into which something new can be put. */
export const myGrids = computed(() =>
  areas.value.filter((area) => area.mine && area.level === 'grid' && !area.retired),
);
export const areaName = (code: string): string => areas.value.find((area) => area.code === code)?.name ?? code;

/** Which grid a new record is for: the one that was written for last, else the first. */
const KEPT = 'gridfold.worker.grid';
export function usualGrid(): string {
  const kept = localStorage.getItem(KEPT);
  return (myGrids.value.find(({ code }) => code === kept) ?? myGrids.value[0])?.code ?? '';
}
export const rememberGrid = (code: string): void => localStorage.setItem(KEPT, code);

export async function lookUp(): Promise<void> {
  const client = phone();
  identity.value = await client.identity();
  if (!identity.value) {
    [forms.value, areas.value, colleagues.value] = [[], [], []];
    forgetMine();
    return;
  }
  const [known, ...more] = await Promise.all([client.forms(), client.areas(), client.colleagues()]);
  forms.value = oftenFirst(known);
  [areas.value, colleagues.value] = more;
  noteMine(areas.value);
}

let looking = false;
let wanted = false;

/** Keeps them as the store has them. */
export async function followForms(): Promise<void> {
  await lookUp();
  onChange(() => {
    wanted = true;
    if (looking) return;
    looking = true;
    void (async () => {
      while (wanted) {
        wanted = false;
        await lookUp().catch(() => undefined);
      }
      looking = false;
    })();
  });
}
