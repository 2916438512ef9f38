'use strict';
/* What the page does. Every text is in the page itself or in what the server answers. */
(() => {
  const at = (id) => document.getElementById(id);
  const lang = document.documentElement.lang;
  const askButton = at('ask').querySelector('button');
  let number = '';

  /** Sends something; gives what the server says, or throws the words for the person. */
  async function send(path, body) {
    let response;
    try {
      response = await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'accept-language': lang },
        body: JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
      });
      const said = await response.json();
      if (response.ok) return said;
      throw new TypeError(said.detail || said.title);
    } catch (error) {
      if (response && error instanceof TypeError && error.message) throw error;
      throw new TypeError(askButton.dataset.unreachable);
    }
  }

  function moment(id, text) {
    at(`${id}-line`).hidden = !text;
    if (!text) return;
    const when = new Date(text);
    at(id).dateTime = text;
    at(id).textContent = when.toLocaleString(lang, { dateStyle: 'long', timeStyle: 'short' });
  }

  function show(receipt) {
    at('what').textContent = receipt.form;
    at('status').textContent = receipt.status || '—';
    moment('since', receipt.status_at);
    moment('reported', receipt.reported_at);
    at('reply').textContent = receipt.reply || at('reply').dataset.none;
    const rate = receipt.satisfaction;
    at('rate').hidden = !(rate && rate.open);
    at('rated').hidden = !(rate && rate.given);
    at('rating').textContent = (rate && rate.given) || '';
    at('choices').replaceChildren(
      ...((rate && rate.choices) || []).map(({ key, label }) => {
        const line = document.createElement('label');
        const radio = document.createElement('input');
        line.className = 'choice';
        radio.type = 'radio';
        radio.name = 'satisfaction';
        radio.value = key;
        line.append(radio, label);
        return line;
      }),
    );
    const reopening = receipt.reopening;
    at('reopen').hidden = !(reopening && reopening.open);
    at('reopened').hidden = !(reopening && reopening.given);
    if (reopening) at('words').maxLength = reopening.max_chars;
    for (const wrong of document.querySelectorAll('.wrong[role]')) wrong.textContent = '';
    at('found').hidden = false;
  }

  /** Runs one form's request: one at a time, with what is wrong beside it. */
  function onSubmit(form, wrong, body, path, after) {
    const button = at(form).querySelector('button');
    const label = button.textContent;
    at(form).addEventListener('submit', async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      at(wrong).textContent = '';
      const asked = body();
      if (!asked) {
        at(wrong).textContent = button.dataset.empty;
        return;
      }
      button.disabled = true;
      button.textContent = askButton.dataset.busy;
      try {
        const receipt = await send(path, asked);
        number = asked.number;
        show(receipt);
        after();
      } catch (error) {
        if (form === 'ask') at('found').hidden = true;
        at(wrong).textContent = error.message;
      } finally {
        button.disabled = false;
        button.textContent = label;
      }
    });
  }

  const typed = () => at('number').value.trim();
  onSubmit('ask', 'ask-wrong', () => typed() && { number: typed() }, '/v1/receipts/look', () => at('what').focus());
  const chosen = () => document.querySelector('input[name=satisfaction]:checked');
  onSubmit('rate', 'rate-wrong', () => chosen() && { number, satisfaction: chosen().value }, '/v1/receipts/answer', () =>
    at('what').focus(),
  );
  const words = () => at('words').value.trim();
  onSubmit('reopen', 'reopen-wrong', () => words() && { number, reopening: words() }, '/v1/receipts/answer', () =>
    at('what').focus(),
  );

  /* A scanned code has the number behind the #, which goes to no server. It is taken out of the history at once. */
  function fromLink() {
    const scanned = decodeURIComponent(location.hash.slice(1));
    if (!scanned) return;
    history.replaceState(null, '', location.pathname + location.search);
    at('number').value = scanned.replace(/(\d{4})(?=\d)/g, '$1 ');
    at('ask').requestSubmit();
  }
  addEventListener('hashchange', fromLink);
  fromLink();
  /* Whoever reads in another language asks for the same number there. */
  at('other').addEventListener('click', (event) => {
    const digits = typed();
    if (!digits) return;
    event.preventDefault();
    location.assign(`${event.currentTarget.getAttribute('href')}#${encodeURIComponent(digits)}`);
  });
})();
