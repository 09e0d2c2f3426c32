// The demo's 省统一身份认证平台: a real OpenID provider with the accounts it is told, and a log-in page that lists them.
//
// Reads one line of JSON from standard input: {issuer, client: {id, secret, redirect_uri}, accounts: [{sub, level, name,
// …claims, note}]}. Prints one line, the address it listens on, and ends when its standard input does: whoever started
// it is gone then, however they went.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Provider, interactionPolicy } from "oidc-provider";

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (value) => String(value ?? "").replace(/[&<>"]/g, (mark) => escapes[mark]);
const levels = { 2: "二级", 3: "三级", 4: "四级", 5: "五级" };

function configuration(told) {
  const claims = [...new Set(told.accounts.flatMap((account) => Object.keys(account)))];
  const policy = interactionPolicy.base();
  // Everybody is asked each time: in a demo one person is many.
  policy.get("login").checks.add(
    new interactionPolicy.Check("each_time", "accounts are chosen each time", (ctx) => !ctx.oidc.result?.login),
  );
  return {
    clients: [
      {
        client_id: told.client.id,
        client_secret: told.client.secret,
        redirect_uris: [told.client.redirect_uri],
        application_type: "web",
      },
    ],
    pkce: { required: () => true },
    claims: { openid: claims.filter((name) => name !== "note") },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    interactions: { policy, url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: [told.client.secret] },
    // Nothing is asked about what is told: the one client there is belongs to the same demo.
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
    findAccount(ctx, sub) {
      const { note, ...known } = told.accounts.find((account) => account.sub === sub) ?? {};
      return known.sub && { accountId: sub, claims: () => known };
    },
    renderError(ctx, out) {
      ctx.type = "html";
      ctx.body = page(`<h1>省统一身份认证平台（演示）</h1><p>${text(out.error)}：${text(out.error_description)}</p>`);
    },
  };
}

const style = `body{font:16px/1.6 system-ui,"Noto Sans CJK SC",sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#15233B}
h1{font-size:1.4rem}ul{list-style:none;padding:0}li{border:1px solid #E1E6EE;border-radius:8px;margin:.5rem 0;padding:.6rem 1rem}
form{margin:0;display:flex;justify-content:space-between;align-items:center;gap:1rem}small{color:#596880}
button{font:inherit;padding:.4rem 1rem;border:1px solid #1A56A6;border-radius:6px;background:#fff;color:#1A56A6;cursor:pointer;white-space:nowrap}`;

function page(body) {
  return `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>省统一身份认证平台（演示）</title><style>${style}</style><body>${body}</body></html>`;
}

function choice(uid, accounts) {
  const rows = accounts.map(
    (account) => `<li><form method="post" action="/interaction/${text(uid)}">
<input type="hidden" name="sub" value="${text(account.sub)}">
<span><b>${text(account.enterprise_name || account.name)}</b> ${text(levels[account.level])}<br>
<small>${text(account.name)} ${text(account.sub)} ${text(account.note)}</small></span>
<button aria-label="登录：${text(account.sub)}">登录</button></form></li>`,
  );
  return page(`<h1>省统一身份认证平台（演示）</h1><p>演示环境，账号均为虚构。选择一个省统账号登录。</p>
<ul>${rows.join("")}</ul><form method="post" action="/interaction/${text(uid)}"><button>取消</button></form>`);
}

async function posted(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new URLSearchParams(Buffer.concat(parts).toString());
}

async function interact(provider, told, request, response) {
  try {
    const { uid } = await provider.interactionDetails(request, response);
    if (request.method !== "POST") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      return response.end(choice(uid, told.accounts));
    }
    const sub = (await posted(request)).get("sub");
    const result = sub
      ? { login: { accountId: sub, remember: false } }
      : { error: "access_denied", error_description: "the account was not chosen" };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } catch (error) {
    response.statusCode = 400;
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(page(`<h1>省统一身份认证平台（演示）</h1><p>这次登录已经结束，请回到原来的系统重新开始。</p>
<p><small>${text(error.message)}</small></p>`));
  }
}

function serve(told) {
  const server = createServer();
  server.listen(0, "127.0.0.1", () => {
    const provider = new Provider(told.issuer, configuration(told));
    const answer = provider.callback();
    server.on("request", (request, response) =>
      request.url.startsWith("/interaction/") ? interact(provider, told, request, response) : answer(request, response),
    );
    process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
  });
}

// Warnings about what only matters in earnest, such as keys made for the occasion, are nobody's business here.
console.warn = console.info = () => {};
const input = createInterface({ input: process.stdin });
input.once("line", (line) => serve(JSON.parse(line)));
input.once("close", () => process.exit(0));
