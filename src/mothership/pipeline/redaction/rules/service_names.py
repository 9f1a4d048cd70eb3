"""Names of services that give out keys, as their customers write them before one: `PAGERDUTY_KEY`, `wandb token`.

Facts: the services that Kingfisher has rules for (looked at on 2026-12-01), and others by what they call themselves.
"""

_SERVICES = """
ado azdo vsts tfs pd
ably abuseipdb accuweather adafruit adafruitio adobe adyen agora airbrake airtable aiven algolia alibaba alienvault
alphavantage anthropic anypoint anyscale apifonica apify apimetrics apitemplate appfollow appointedd appoptics
appsynergy argocd artifactory asana assembly assemblyai atera atlassian audd auth0 autoklose avaza aviationstack aws
axonaut ayrshare azure bannerbear baremetrics besnappy besttime betterstack bigcommerce binance bitbar bitbucket
bitcoinaverage bitfinex bitly bitrise bitstamp blackduck blazemeter blitapp blocknative blynk boomi borgbase braintree
brandfetch braze browshot bscscan buddyns bugherd bugsnag buildkite bunnycdn buttercms bybit caflou calendarific
calendly calorieninja campayn canny capsule capsulecrm carboninterface celigo centralstation centralstationcrm
cerebras chargebee chargify chartmogul checio checkly checklyhq checkmarx cicero circleci civo clarif clarifai
clearbit clickatell clickup cliengo clockify cloudconvert cloudflare cloudimage cloudinary cloudmersive cloudns
cloudplan cloudsight cloudsmith cloudways cloverly clustdoc codacy codemagic codequiry cohere coinbase coinlayer
coinlib confluent contentful convertapi convertkit countrylayer coveralls craftmypdf crowdin crowdstrike cryptocompare
currencybeacon currencyfreaks currencylayer currencyscoop customer customerio d7network dareboost databricks datadog
debounce deepai deepgram deepseek deno detectify detectlanguage dfuse diffbot diggernaut digitalocean discord disqus
dnsimple documo doppler drona dronahq droneci dropbox dynalist dynatrace dyspatch eagleeyenetworks easypost
ecostruxureit edenai elasticemail elasticsearch etherscan ethplorer eventbrite everhour exchangerate exchangerateapi
exchangerates exchangeratesapi exoscale extractor extractorapi facebook fastforex fastly fetchrss figma fileio
financialmodelingprep finicity finnhub fireworks fixerio fleetbase flexport flickr flightlabs flyio formbucket
formcraft fossa foursquare freshdesk freshworks fullstory fxmarket gandi geckoboard geoapify geocodify geoipifi
getemail getgeo getgeoapi getgist getresponse github gitlab gitter glassnode gocardless godaddy goodday google grafana
graphhopper greynoise groovehq groq gtmetrix gumroad gyazo happyscribe hellosign helpcrunch helpscout heroku hetzner
hiveage holiday holidayapi honeybadger honeycomb html2pdf hubspot huggingface hybiscus ibm iconfinder iex iexapis
iexcloud imagekit imagga imgix infobip infura intercom interseller intrin intrinio ionic ip2location ipapi
ipgeolocation ipinfo ipinfodb ipquality ipstack iterable jira jotform jumpcloud jupiterone juro kaggle karmacrm keycdn
kibana kickbox klarna klaviyo klipfol klipfolio knapsackpro kontent koyeb kraken kucoin kylas labelbox langchain
langfuse langsmith languagelayer launchdarkly leadfeeder lemlist lemonsqueezy lendflow lessannoying lessannoyingcrm
lexigram linenotify linkedin linode livekit livestorm loadmill lob logdna loggly loginradius logz logzio lokalise
loyverse lunchmoney madkudu magento mailboxlayer mailchimp mailerlite mailgun mailjet mailmodo mailsac mailtrap
mandrill mapbox mapquest maptiler marketstack mavenlink maxmind mediastack meistertask messagebird metrilo milvus
mindmeister miro mistral mixmax mockaroo mollie moonclerk moosend moralis mulesoft myintervals namecheap nasdaq
nasdaqdatalink netlify newrelic newscatcher nexmo nftport ngc ngrok nicereply nozbeteams npm nuget numverify nvapi
nvidia oanda okx onesignal onfleet oopspam openai opencagedata openexchangerates openrouter openuv openweather
openweathermap opsgenie optimizely ovh owlbot packagecloud pagarme pagerduty pandadoc pandascore paperform papertrail
paralleldots parseur partnerstack pastebin paydirt paydirtapp paymo paymoapp paymongo paypal paystack pdflayer
pdfshift peopledatalabs pepipost perplexity pinecone pipedream pipedrive plaid planetscale plivo polls polygon
polygonio porkbun positionstack postageapp posthog postman postmark powrbot prestashop prodpad prospectcrm protocols
protocolsio proxycrawl pubnub pulumi pushbullet pusher pypi qase qdrant qualaroo qualys quandl qubole rabbitmq railway
rapid rapid7 rapidapi rawg razorpay reachmail reallysimplesystems rebrandly recaptcha recurly refersion rentman reply
replyio revolut rewardful roboflow rocketreach rockset rollbar rubygems runscope salesblink salescookie salesflare
salesforce scaleway scrapeowl scraperapi scraperbox scrapestack scrapfly scrapingant scrapingbee screenshotlayer
scrutinizerci securitytrails selectpdf sendbird sendgrid sendinblue sentinelone sentry serphouse serpstack shipday
shippo shodan shopify shopware shotstack shutterstock signaturit signupgenius simfin simplesat simplynoted simvoly
sinch skrappio slack smartsheet smsapi snipcart snowflake snyk sonarcloud sonarqube sourcegraph spacelift sparkpost
speechtext splunk spoonacular sportsmonk spotify squarespace squareup sslmate stackhawk statuscake statuspal storecove
stormboard stormglass storyblok storychief stripe sumologic supabase supernotes supernotesapi surveysparrow survicate
swiftype tailscale tallyfy tatum tatumio taxjar teamcity teamwork teamworkcrm teamworkdesk teamworkspaces
technicalanalysisapi tefter telegram teletype telnyx tenable terraformcloud theodds theoddsapi thingsboard
tickettailor tiingo timezoneapi tly tmetric todoist toggl toggltrack tomtom tradier transferwise travelpayouts
travisci travispro trello truenas twelvedata twilio twitch twitter tyntec typeform ubidots uclassify unsplash
upcdatabase upcloud uptimerobot upwave vagrantcloud vatlayer vbout veracode vercel verimail veriphone versioneye
viewneo vimeo virustotal visualcrossing voiceflow voicegain vonage voodoo voodoosms vultr vyte walkscore wandb
weatherbit weatherstack weaviate webex weightsandbiases what3words whitesource whoxy wistia woocommerce workato
worksnaps worldcoinindex worldweather wrike wunderground xai yandex yelp ynab yousign youtube zapier zendesk zenkit
zenkitapi zenrows zenscrape zeplin zerobounce zerotier zipcodeapi zipcodebase zohocrm zonkafeedback zuora
"""
SERVICES = frozenset(_SERVICES.split())
_WORDS = """
apilayer apollo autopilot bamboo bandwidth beamer beebole blogger bombbomb boostnote boundary box budibase bulbul
chatbot chatfule chroma coda codeclimate coinapi collect2 commercejs consul convert courier crisp daily dailyco
dandelion databox delighted ditto docparser drift elastic elevenlabs envoy finage findl fixer flight flightapi formio
front fulcrum geocode groove guardian here holistic instabot jenkins karma linkpreview mend mesibo monkeylearn mux
newsapi nightfall nomad noticeable nylas okta omnisend overloop particle pixabay planyo podio pollsapi postage prefect
prospect raven ravenhq refiner render requestfinance restpack ritekit route4me scale scraper screenshot screenshotapi
semaphore sherpadesk shortcut sigopt skrapp sonar statuspage stitchdata stockdata streak surveybot teams
technicalanalysis terraform ticketmaster timecamp timezone together tomorrow travis tray unplugg uplead urlscan
userflow userstack vault vpnapi webflow webscraper webscraping wise workstack zipcode zoom
"""
WORDS = frozenset(_WORDS.split())
"""Services whose names are words: what stands behind them has to look more like a key."""
