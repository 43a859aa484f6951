"""The feeds and the plan of an old programme, as text; FOLDER stands for where its files lie."""

PLAN_NAME = "old_club"
PLAN = """\
# The whole of the old club, in order: loyalty-etl migrate sample_data/legacy/old_club.yaml
description: The old club of an invented grocer
steps:
  - stores: stop
  - feed: ./feeds/members_shop
  - feed: ./feeds/members_web
  - feed: ./feeds/members_app
  - ids: all
  - feed: ./feeds/balances
  - feed: ./feeds/stamps
  - feed: ./feeds/vehicles
  - feed: ./feeds/payment_cards
  - feed: ./feeds/history
reconcile:
  points_tolerance: 0
  amount_tolerance: 0.00
"""
_MEMBERS = """\
  target:
    endpoint: POST /import
"""
_TWICE = """\
  duplicates:
    match:
      - [mobilePhone]
      - [email, birthDate]
    keep: newest
"""
_CSV = """\
    delimiter: ;
    encoding: cp1252
"""
FEEDS = {
    "members_shop": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: Members of the shops, a file a region, as their old system exports them
  source:
    path: FOLDER/members_shop
    format: csv
{_CSV}{_MEMBERS}  values:
    decimal: ","
    date: "%d.%m.%Y"
    time: "%d.%m.%Y %H:%M"
    region: NO
    phones: possible
    zip: text
  mapping:
    externalId: Kundenr
    mobilePhone: Mobil
    email: Epost
    firstName: Fornavn
    lastName: Etternavn
    birthDate: Født
    zip: Postnr
    city: Sted
    country: Land
    consents.acceptsEmail: Nyhetsbrev
{_TWICE}    newest_by: Endret
  rejects:
    max_percent: 15
""",
    "members_web": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: Members of the web shop
  source:
    path: FOLDER/members_web.xml
    record: Member
{_MEMBERS}  values:
    zip: text
  mapping:
    externalId: "@no"
    mobilePhone: Mobile
    email: Email
    firstName: FirstName
    lastName: LastName
    birthDate: Born
    zip: Zip
    city: City
    country: Country
    consents.acceptsEmail: News
{_TWICE}    newest_by: Changed
  rejects:
    max_percent: 15
""",
    "members_app": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: Members of the app
  source:
    path: FOLDER/members_app.ndjson
{_MEMBERS}  values:
    zip: text
  mapping:
    externalId: member
    mobilePhone: contact.mobile
    email: contact.email
    firstName: name.first
    lastName: name.last
    birthDate: born
    zip: home.zip
    city: home.city
    country: home.country
    consents.acceptsEmail: news
{_TWICE}    newest_by: changed
  rejects:
    max_percent: 15
""",
    "balances": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: What each member has in points
  source:
    path: FOLDER/balances.csv
{_CSV}  target:
    endpoint: POST /loyalty/bonus/addRewardPoints
  values:
    thousands: " "
  mapping:
    customerId: {{customer_of: Kundenr, by: externalId}}
    points: Poeng
    description: {{template: "Opening balance of {{Kundenr}}"}}
  rejects:
    max_percent: 15
  delivery:
    key: [customerId, description]
""",
    "stamps": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: The stamps on each member's cards
  source:
    path: FOLDER/stamps.csv
{_CSV}  target:
    endpoint: PUT /loyalty/achievements
  mapping:
    id: Kort
    memberId: {{customer_of: Kundenr, by: externalId}}
    itemCount: Klipp
    extendedProperties.legacyNumber: Kundenr
  rejects:
    max_percent: 15
  delivery:
    key: [id, memberId, extendedProperties.legacyNumber]
""",
    "vehicles": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: The cars that members have registered
  source:
    path: FOLDER/vehicles.csv
{_CSV}  target:
    endpoint: POST /modules/vehicles/customerId/{{customerId}}
  values:
    decimal: ","
  mapping:
    customerId: {{customer_of: Kundenr, by: externalId}}
    plate: Skilt
    modelYear: {{column: Årsmodell, type: integer}}
    litres: {{column: Motor, type: number}}
  rejects:
    max_percent: 15
  delivery:
    key: [customerId, plate]
""",
    "payment_cards": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: The tokens of members' payment cards
  source:
    path: FOLDER/payment_cards.csv
{_CSV}  target:
    endpoint: POST /payment-cards
  mapping:
    memberId: {{customer_of: Kundenr, by: externalId}}
    token: Token
  rejects:
    max_percent: 15
  delivery:
    key: [memberId, token]
""",
    "history": f"""\
type: pipelines.components.LoadFeedComponent
attributes:
  description: What members have bought
  source:
    path: FOLDER/receipts.csv
{_CSV}  target:
    endpoint: POST /transactions
  values:
    decimal: ","
    time: "%d.%m.%Y %H:%M"
  mapping:
    Header.StoreId: Butikk
    Header.ReceiptId: Bong
    Header.TimeStamp: Tid
    Header.ConsumerId: {{customer_of: Kundenr, by: externalId, unknown: reject}}
    Header.Currency: {{constant: NOK}}
    Items.LineNo: Linje
    Items.Quantity: Antall
    Items.ProductId: Vare
    Items.ProductName: Varenavn
    Items.GrossAmount: Beløp
  receipts:
    vat_percent: 25
  rejects:
    max_percent: 15
""",
}
