/**
 * The report's one script: sorting for tables, a filter for the samples. Everything can be read without it. Its controls
 * are made here, so that a reader without scripts is not offered what does not work.
 */
export const reportScript = `
'use strict';
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.tagName !== 'TH' || head.hasAttribute('data-fixed')) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute('aria-sort', 'none');
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') !== 'descending';
      for (const other of heads) if (other.hasAttribute('aria-sort')) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      const sign = descending ? -1 : 1;
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const numbers = Number(x) - Number(y);
        return sign * (Number.isNaN(numbers) ? x.localeCompare(y) : numbers);
      });
      body.append(...rows);
    });
  });
}
const list = document.getElementById('case-list');
if (list) {
  const cases = [...list.querySelectorAll('.case')];
  const form = document.createElement('form');
  form.className = 'filter';
  const search = Object.assign(document.createElement('input'), { type: 'search', placeholder: 'Words in any text' });
  const kind = document.createElement('select');
  kind.append(new Option('every kind', ''));
  for (const name of new Set(cases.map((one) => one.dataset.kind))) kind.append(new Option(name, name));
  const shown = document.createElement('output');
  const label = (text, control) => {
    const element = document.createElement('label');
    element.append(text + ' ', control);
    return element;
  };
  form.append(label('Find', search), label('Kind', kind), shown);
  const apply = () => {
    const words = search.value.toLowerCase();
    let count = 0;
    for (const one of cases) {
      const fits = (kind.value === '' || one.dataset.kind === kind.value) && one.textContent.toLowerCase().includes(words);
      one.hidden = !fits;
      if (fits) count += 1;
    }
    shown.textContent = count + ' of ' + cases.length + ' shown';
  };
  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  list.before(form);
  apply();
}
`;
