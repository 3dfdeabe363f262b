/**
 * Words that a language cannot do without and that few others share: a text of some sentences holds several of them. By ISO 639-1
 * code; `da` stands for Danish and Norwegian alike, which such words do not tell apart.
 */
const lists: Readonly<Record<string, string>> = {
  en: 'the of and to is that it for was with as are this be by on not or from have an they which you were their has but been we would there can what will if when about all than its my how does do did his her she he who into because so a i no me in at',
  de: 'der die und das ist nicht ein eine zu den von mit sich des auf für im dem als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man kann ich wir ihr mir wenn diese dieser beträgt lautet daher weil',
  fr: 'le la les des est et un une du dans que qui pour pas sur au par plus ce avec il sont se ne elle cette aux ou être ont leur mais nous vous je tu donc comme son ses ces deux était fait aussi lui même sa réponse',
  es: 'el la los las de que y en un una es por con no para se del al lo como más su pero sus le ya este porque esta entre cuando muy sin sobre también hasta hay donde quien desde todo nos durante son fue yo tú usted está ser respuesta',
  it: 'il la che di e un una è per non con sono del della dei le gli lo si da al nel alla più anche come ma questo questa dal nella ho ha hanno essere ci perché delle degli cui loro mi ti quindi risposta',
  pt: 'o a os as de que e do da em um uma é para com não por mais dos das se na no ao como mas foi ele ela seu sua ou quando muito nos já está eu também só pelo pela até isso isto são você então resposta',
  nl: 'de het een en van is dat niet in op te zijn met voor die er aan ook als maar om dan bij nog uit naar wordt door hij zij wij ik je wat kan deze dit worden heeft hebben geen over dus omdat antwoord',
  sv: 'och att det som en på är av för med den till inte har de ett om jag han men var sig från vi så kan när år under också efter eller nu sin där vid mot ska skulle detta därför svaret',
  da: 'og at det som en på er af for med den til ikke har de et om jeg han men var seg sig fra vi så kan når år også etter efter eller nå sin der ved mot skal ville dette derfor hvor svaret være blev ble',
  fi: 'ja on ei se että oli hän ovat mutta kun niin myös tämä joka kuin voi ole tai siitä sen ne mitä minä sinä me te jos vain vastaus',
  pl: 'i w na z się nie to jest do że o jak po co tak za od ale dla są przez był czy może który która które tego jego jej ich też już lub być oraz tym więc ponieważ odpowiedź',
  cs: 'a v na se je že to s z do i o k ve pro ale jako za od po jsou by který která které není bylo být také nebo už tak jen jeho co když protože odpověď',
  ro: 'și în de la cu este un o pe că nu din mai pentru să ce sunt care au fost ca dar prin sau lui ei acest această fi cum când deci răspunsul',
  hu: 'a az és hogy nem is egy ez van volt de meg csak már mint el ki be fel mert vagy még ha én te mi azt ezt lesz után tehát válasz',
  tr: 've bir bu da de için ile çok olarak daha ne gibi olan var ama en kadar sonra her şey o ben sen biz değil mi mı ki veya göre ise olduğu olan cevap',
  id: 'yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke karena ada mereka kami kita bisa adalah oleh sebagai atau dapat lebih telah sudah anda jawaban',
  vi: 'và là của có không trong được cho một các với này những người đã để khi đến từ như về tôi bạn cũng ra làm thì vì nhưng hay nếu đó theo tại câu',
  ru: 'и в не на что он с как это по но из у за от так же для вы мы она они все был была было его её их если или когда бы уже только ещё чтобы этот эта эти который которая поэтому ответ',
  uk: 'і в не на що він з як це по але із у за від так же для ви ми вона вони усі був була було його її їх якщо або коли би вже тільки ще щоб цей ця ці який яка та є до відповідь',
  bg: 'и в не на че той с като това по но от у за така же ще да си се е са беше или когато само този тази тези който която до му ни съм отговорът',
  sr: 'и у не на да је се са као то за од али који која које су био била или када само овај ова би није из што ли одговор',
  ar: 'في من على إلى أن هذا هذه التي الذي مع كان عن لا ما هو هي كل ذلك بعد قد أو بين كما لم إن كانت',
  fa: 'در از به که این را با است برای آن یک می خود تا بر هم نیز شد شده بود ها اما یا باید پاسخ',
  ur: 'کے میں کی ہے اور سے کا کو اس یہ پر نے ہیں کہ بھی جو ایک تھا نہیں کر گیا لیے وہ جواب',
};

/** Codes of languages by bit, and by word the languages that have it. */
export const languageCodes: readonly string[] = Object.keys(lists);
export const languagesOfWord: ReadonlyMap<string, number> = wordMap();

function wordMap(): Map<string, number> {
  const map = new Map<string, number>();
  languageCodes.forEach((code, bit) => {
    for (const word of (lists[code] ?? '').split(' ')) map.set(word, (map.get(word) ?? 0) | (1 << bit));
  });
  return map;
}
