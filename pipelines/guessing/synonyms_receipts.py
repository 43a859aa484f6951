"""Names of the columns of receipts and their lines."""

RECEIPTS: dict[str, dict[float, str]] = {
    "Header.StoreId": {
        1.0: """butikknr butikksnr butikkid butikksid butiknr butiksnr butiksid butik_id store_id
            store_no store_number store_code shop_id shop_no filialnr filial_id filialid
            avdelingsnummer forretningsnr forretnr marktnr site_id location_id outlet_id
            branch_id branch_no salgsstednr butikkode butikkode butikknummer butiksnummer
            filialnummer forretningsnummer storekode forretning_id warehouse_id""",
        0.9: """butikk butik store shop filial filiale site outlet branch salgssted forretning
            markt location""",
        0.6: "avdeling avd avdnr avdelingsnr afdeling afdelingsnr abteilung",
    },
    "Header.EcrId": {
        1.0: """kasse kassenr kassa kassanr kasseid till till_no till_id pos_id pos_no
            register register_id register_no terminal terminalnr terminal_id ecr ecr_id ecr_no
            kassenummer kassanummer kassennr kassennummer workstation kassapunkt
            cash_register cash_register_id kasseapparat pos_terminal kassaid""",
        0.9: "pos",
    },
    "Header.ReceiptId": {
        1.0: """kvittering kvitteringsnr kvitteringnr kvitteringsid kvittnr kvitt_nr bong bongnr
            bongid bonnr bon_nr bon_id bonid kvitto kvittonr kvittoid receipt_id receipt_no
            receipt_number transaksjonsnr transaksjonsid transaksjon_id transaction_id
            transaction_no transaktionsnr transaktionsid transnr trans_id trans_no
            transaction_number ticket ticket_no ticket_id belegnr beleg_id beleg_nr belegnummer
            kassenbonnr ordrenr order_no order_id ordernr bestillingsnr bestellnr
            bestellnummer basket_id invoice_no fakturanr salgsnr salg_id sale_id sales_id
            document_no bilagsnr journalnr kvitteringsnummer kassenbon receipt_key ordreid
            kopnr kjopsid bonnummer bongnummer dokumentnr""",
        0.8: "transaksjon transaction receipt bon beleg ordre order kjop salg trans",
    },
    "Header.TimeStamp": {
        1.0: """tidspunkt tidsstempel tidsstampel timestamp time_stamp date_time datetime
            salgstidspunkt transaksjonstid transaksjonstidspunkt transaction_time
            transaction_timestamp transaction_datetime kjopstidspunkt kobstidspunkt salgstid
            kjopstid kobstid koptid bongtid kvitteringstid zeitpunkt zeitstempel verkaufszeit
            dato_tid dato_klokkeslett datum_tid datum_zeit sale_time sold_at purchased_at
            ordertid ordretid tidpunkt forsaljningstid salesdatetime purchase_time""",
        0.95: """dato date datum salgsdato kjopsdato kopdatum kobsdato bongdato kvitteringsdato
            kvittodatum transaction_date transaksjonsdato transaktionsdato receipt_date
            purchase_date sale_date sales_date order_date ordredato orderdatum belegdatum
            verkaufsdatum kaufdatum forsaljningsdatum bondato bonndato business_date
            kassadatum""",
        0.9: "tid time zeit",
        0.7: "created_at opprettet completed_at",
    },
    ":clock": {
        1.0: """tid time kl klokkeslett klokkeslat uhrzeit klokslat klockslag klokka zeit klokken
            salgs_kl bong_kl transtime tidspunkt_kl sale_time salgstid kassatid timeofday
            bongtid""",
    },
    "Header.ConsumerId": {
        1.0: """kundenr kundeid kundnr kundid customer_id customer_no member_id member_no
            medlemsnr medlemsid medlemid medlemnr consumer_id loyalty_id loyalty_no bonuskort
            kundekort bonuskortnr kundekortnr kundenr kundennr kunden_id kundenkarte
            loyalty_card loyalty_card_no medlemskort medlemskortnr card_no kortnr
            medlemskortnummer kundenkartennr membership_no bonusnr shopper_id household_id
            customerkey""",
        0.9: "kunde kund customer medlem member consumer",
    },
    "Header.GrossAmount": {
        1.0: """totalbelop totalsum bongtotal bongsum kvitteringstotal kvitteringssum
            kvittosumma kvittototal receipt_total receipt_amount total_amount order_total
            totalsumma summa_kvitto total_belop grand_total gesamtbelop gesamtsumme
            receipt_gross_amount total_inkl_moms sum_kvittering receipt_sum totaltbelop
            bonsum bontotal total_sum ordretotal ordresum kjopssum bon_total bong_belop
            total_gross gross_total kvittobelop bonsumme gesamtpreis header_gross_amount
            total_brutto ordertotal transaction_total transaction_amount""",
        0.85: "total totalt",
    },
    "Header.Vat": {
        1.0: """total_moms moms_total receipt_moms moms_kvittering totalmoms receipt_moms_belop
            bongmoms kvittering_moms sum_moms moms_sum tax_total total_tax gesamtmoms""",
    },
    "Header.NetAmount": {
        1.0: "total_eks_moms total_netto total_net net_total nettototal receipt_net_amount",
    },
    "Header.Discount": {
        1.0: """total_rabatt rabatt_total totalrabatt bongrabatt receipt_discount
            total_discount discount_total kvitteringsrabatt gesamtrabatt totalrabat""",
    },
    "Header.Currency": {
        1.0: "valuta valutakode currency currency_code wahrung waehrung val ccy waluta valutakod",
    },
    "Header.PaymentString": {
        1.0: """betaling betalingsmate betalingsmiddel betalingsform betalsatt betalning
            betalingstype payment payment_method payment_type tender tender_type zahlungsart
            zahlart betalmetod betalingsmetode betalingskort betalt_med betalningssatt
            betalmedel bezahlung betalningsmetod payment_string zahlungsmittel betalmate""",
    },
    "Items.LineNo": {
        1.0: """linje linjenr linie linienr line line_no line_number line_id radnr radnummer
            rad posnr position
            pos_nr positionsnr sekvens lnr linje_nr zeile zeilennr lopenr varelinje sequence
            varelinjenr line_seq linenum linjenummer item_seq line_index seq seqno positionnr
            line_item_no row_no bongrad""",
        0.9: "pos nr",
    },
    "Items.Quantity": {
        1.0: """antall antal ant qty quantity kvantum menge anzahl units stykk mengde mangd
            stuck stk antall_solgt sold_qty salgsantall antal_salda quantity_sold qty_sold
            antall_enheter pieces solgt_antall kvantitet""",
        0.6: "count vekt weight",
    },
    ":group1": {
        1.0: """varegruppe varugrupp product_group productgroup category kategori department
            hovedgruppe huvudgrupp warengruppe hauptgruppe product_category varegrupp
            varegruppenr varegruppenavn hovedvaregruppe dept group_name category_name
            varugruppsnr varugruppsnamn varegruppeid product_group_id product_group_name
            category_id department_id dept_no warengruppennr gruppe avdelingsnavn vgr varegr
            hovedgruppenr hovedgruppenavn hovedgruppe_nr hovedgruppe_navn produktgruppe
            produktkategori produktgrupp productgrouplevel1 productgrouplevel1navn
            product_group_level_1 varegruppekode merchandise_group kategorinavn group""",
        0.6: "avdeling avdelning afdeling abteilung section gruppe_nr",
    },
    ":group2": {
        1.0: """undergruppe undergrupp subcategory sub_category sub_group subgroup mellomgruppe
            mellangrupp untergruppe varegruppe2 category2 underkategori undergruppenr
            undergruppenavn product_group_level_2 productgrouplevel2""",
    },
    ":group3": {
        1.0: "varegruppe3 category3 detaljgruppe product_group_level_3 productgrouplevel3",
    },
    "Items.ProductId": {
        1.0: """varenr vareid vare_id artikkelnr artikkelid artikelnr artnr art_nr artikel_id
            product_id product_no product_number product_code sku item_id item_no item_number
            item_code produktnr produktid produktkode varunr varukod varekode article_id
            article_no article_number plu varenummer artikelnummer produktnummer varunummer
            productkey material materialnr itemnumber artikelkode prodnr prodid""",
        0.9: """ean eankode ean_kode ean_nr eannr gtin barcode bar_code strekkode streckkod
            stregkode upc ean13 gtin13 upc_kode ean_code""",
        0.7: "vare vara product artikkel artikel item produkt article",
    },
    "Items.ProductName": {
        1.0: """varenavn varetekst produktnavn produktnamn product_name description beskrivelse
            beskrivning artikkelnavn artikelnamn artikelbenamning benamning varebeskrivelse
            item_name item_description bezeichnung artikelbezeichnung varunamn varebetegnelse
            product_description article_name produkttekst artikkeltekst artikeltext item_text
            product_text vare_navn artikelnavn artikkelbeskrivelse betegnelse produktbezeichnung
            line_text linjetekst produktbeskrivelse varubenamning prodnavn artikkelnavn desc""",
        0.85: "tekst text navn title",
    },
    "Items.SupplierId": {
        1.0: """leverandornr leverandorid leverantorsnr leverantorsid supplier_id supplier_no
            vendor_id vendor_no lieferantennr lieferant_id levnr leverandor_id lev_nr""",
        0.75: "leverandor leverantor supplier vendor lieferant",
    },
    "Items.SupplierName": {
        1.0: """leverandornavn leverantorsnamn supplier_name vendor_name lieferantenname
            leverantornamn produsent merke brand varemerke marke manufacturer""",
        0.7: "leverandor leverantor supplier vendor lieferant",
    },
    "Items.GrossAmount": {
        1.0: """belop gross_amount brutto bruttobelop linjesum linjebelop linjetotal line_total
            line_amount radsumma radbelop rad_total belop_inkl_moms inkl_moms sum_inkl_moms
            salgsbelop sales_amount zeilenbelop omsetning_inkl_moms gross gross_sales sales_value
            linje_sum linjepris linjeverdi total_linje rad_belop line_sum item_total extended_price
            salgsverdi salgssum brutto_belop brutto_salg nettosalg_inkl_moms line_gross
            forsaljning_inkl_moms beloep umsatz_brutto bruttoumsatz positionssumme salgspris_total
            pris_inkl_moms_total omsatning_inkl_moms line_value posisjonssum""",
        0.9: "amount sum summa betrag omsetning omsatning umsatz salg sales sum_linje",
        0.72: "total totalt",
        0.6: "pris price preis",
    },
    "Items.Vat": {
        1.0: """moms momsbelop moms_belop vat_amount tax_amount tax steuer steuerbelop avgift
            moms_kr momsbeloep linjemoms line_moms line_tax herav_moms moms_av_belop
            varav_moms heraf_moms davon_moms derav_moms""",
    },
    "Items.NetAmount": {
        1.0: """netto nettobelop net net_amount eks_moms belop_eks_moms sum_eks_moms
            amount_eks_moms omsetning_eks_moms nettosum netto_belop net_sales line_net
            linje_netto nettoumsatz umsatz_netto forsaljning_eks_moms omsatning_eks_moms
            grunnlag momsgrunnlag belop_netto linjesum_eks_moms radsumma_eks_moms
            total_eks_moms_linje""",
    },
    "Items.Discount": {
        1.0: """rabatt rabat rabattbelop rabatbelop discount discount_amount avslag linjerabatt
            rabatt_belop rabatt_kr line_discount nachlass radrabatt linjerabat rabatt_sum
            rabatsum discount_value avdrag""",
    },
    "Items.Cost": {
        1.0: """kost kostpris varekost innkjopspris inkopspris cost cost_price cogs
            einstandspreis einkaufspreis kobspris indkobspris innpris selvkost ek_preis
            varekostnad kostnad inpris unit_cost kostpris_total""",
    },
    "Items.CampaignId": {
        1.0: """kampanje kampanjenr kampanjekode kampanje_id kampanj kampanjkod kampanjnr
            kampagne kampagnenr kampagnekode campaign campaign_id campaign_code promo promotion
            promo_code promotion_id aktion aktionsnr tilbudsnr tilbudskode aktionskode offer_id
            tilbud kampanjid kampagneid""",
    },
    "Items.TransactionType": {
        1.0: """transaksjonstype transtype trans_type transaction_type transaktionstyp
            salgstype bongtype linjetype kvitteringstype vorgang vorgangsart type
            line_type transaktionstype kvittotyp sale_type retur returkode is_return return
            bontype belegart kjop_retur salg_retur salgretur""",
    },
    ":unitPrice": {
        1.0: """stykkpris enhetspris stk_pris enpris pris_pr_stk unit_price apris a_pris
            styckpris stykpris einzelpreis utpris utsalgspris listepris list_price veilpris
            pris_per_enhet price_each enhedspris stuckpreis forsaljningspris salgspris
            verkaufspreis regular_price ordinar_pris ordpris normalpris retail_price
            pris_stk stkpris price_per_unit""",
        0.85: "pris price preis",
    },
    ":vatPercent": {
        1.0: """moms_prosent momsprosent momsats moms_sat moms_kode momskode vat_rate tax_rate
            tax_code vat_code steuersatz moms_klasse momsklasse tax_percent mvasats mvaprosent
            momssats moms_type skattesats avgiftssats mvakode mva_sats moms_nr moms_gruppe
            steuerkennzeichen""",
        0.95: "moms",
    },
    ":discountPercent": {1.0: "rabatt_prosent rabattprosent discount_prosent rabat_prosent"},
    ":cashier": {
        1.0: """kasserer kasserernr cashier cashier_id ekspedient ekspeditor operator operatornr
            selger selgernr saljare saljarnr salger verkaufer verkaufernr bediener kassor
            kassornr ansatt ansattnr employee employee_id user user_id salesperson betjent_av
            kasserer_id operatorid medarbeider kassierer ekspedientnr""",
    },
    ":storeName": {
        1.0: """butikknavn store_name butiksnavn butiksnamn filialnavn shop_name filialname
            forretningsnavn site_name location_name filialnamn branch_name butikksnavn""",
    },
    ":chain": {1.0: "kjede kjedenr chain chain_id konsern kedja land country region"},
    ":unit": {1.0: "enhet enhed unit einheit uom maleenhet mattenhet"},
    ":size": {1.0: "storrelse size storlek grosse farge color colour farg farve farbe variant"},
    ":points": {1.0: "poeng points poang bonus bonuspoeng opptjent_poeng points_earned point"},
    ":margin": {1.0: "db dekningsbidrag margin fortjeneste tackningsbidrag bruttofortjeneste"},
    ":exported": {
        1.0: """eksportert exported export_date file_id fil_id batch batch_id lastet loaded_at
            posteringsdato bokforingsdato regnskapsdato updated_at created_by bokforingsdatum
            record_type rec_type posttype recordtype checksum""",
    },
    ":personal": {
        1.0: """kundenavn customer_name kundnamn epost email e_mail mobil telefon phone tlf
            mobilnr fornavn etternavn adresse kunde_epost kundemobil""",
    },
    ":notes": {1.0: "merknad kommentar comment note notes bemerkung anteckning bemarkning"},
    ":serial": {1.0: "serienr serial serial_no batchnr lot imei"},
    ":rowId": {1.0: "id row_id rowid guid uuid record_id"},
    ":reference": {1.0: "original_receipt returref opprinnelig_kvittering org_bongnr original_id"},
    ":status": {1.0: "status state kanal channel salgskanal kilde source orderstatus"},
}
