"""Names of the columns of members."""

MEMBERS: dict[str, dict[float, str]] = {
    "externalId": {
        1.0: """kundenr kundnr kundeid kundid medlemsnr medlemnr medlemsid medlemid customer_no
            customer_id member_no member_id membership_no membership_id external_id ekstern_id
            extern_id mitgliedsnr mitgliednr mitglieds_id kundennr kunden_id client_id client_no
            klubbnr bonusnr loyalty_id loyalty_no crm_id contact_id person_id profile_id
            customer_key kundenokkel account_id account_no kontonr subscriber_id user_id
            brugernr brugerid kundref kundereferanse external_ref loyalty_member_id""",
        0.8: "id guid uuid key nr number ref referanse referens member customer kunde medlem",
    },
    "mobilePhone": {
        1.0: """mobil mobilnr mobiltelefon mobiltelefonnr mobiltlf mobile mobile_phone mobile_no
            mobile_phone_no cell cellphone cell_phone handy handynr mob mobnr msisdn gsm smsnr
            mobil_tlf mobil_nr mobilephonenumber mobiltelefonnummer phone_mobile mobil_privat
            mobiltel sms_number""",
        0.8: """telefon telefonnr tlfnr phone phone_no phone_number tlf tel telnr rufnummer
            kontakttelefon telefon1 phone1 telefon_nr fon""",
    },
    "email": {
        1.0: """epost e_post epostadresse e_postadresse email e_mail mail mailadresse emailadresse
            email_address e_mail_address mejl mejladress epost1 emailaddr e_mailadresse
            email_addr emailadr kontaktmail""",
    },
    ":full": {
        1.0: """fullt_navn fulltnavn fuldenavn fulde_navn full_name fullname fullstandigt_namn
            fullstendig_navn vollstandiger_name for_og_etternavn for_och_efternamn hele_namn
            navn_fullt display_name visningsnavn name_full""",
        0.9: "navn namn name kundenavn kundnamn kundens_navn medlemsnavn medlemsnamn customer_name",
    },
    "firstName": {
        1.0: """fornavn fornamn first_name firstname given_name givenname vorname fnavn fnamn
            fname f_navn first forename tilltalsnamn for_navn given rufname""",
    },
    "lastName": {
        1.0: """etternavn efternavn efternamn surname last_name lastname family_name familyname
            nachname familienname enavn enamn lname e_navn last slektsnavn sname etternamn zuname
            family slaktnamn""",
        0.75: "navn name namn",
    },
    "age": {1.0: "alder age alter lebensalter"},
    "birthDate": {
        1.0: """fodselsdato fodselsdag fodelsedatum fodelsedag fodt fodd fodt_dato birth_date
            birthdate birthday dob date_of_birth born bursdag geburtsdatum geburtstag gebdatum
            geb_dat gebdat geb fdato f_dato f_dag fodsdato fods_dato fodseldato d_o_b birth
            fodselsdt dateofbirth fodato""",
    },
    "gender": {
        1.0: "kjonn kon gender sex geschlecht kjonnskode konskod koen kjoenn geschl",
        0.65: "anrede salutation titel tittel title",
    },
    "address": {
        1.0: """adresse adress gateadresse gate address street street_address gatuadress gata
            strasse str vej vejnavn postadresse bostedsadresse bostadsadress besoksadresse
            anschrift adresse1 address1 address_line_1 adresselinje1 adresselinje adressrad
            adressrad1 adresse_linje_1 gateadr street1 utdelningsadress hjemmeadresse
            home_address strasse_hausnummer strasse_hausnr strasse_nr strase""",
    },
    "zip": {
        1.0: """postnr postnummer zip zipcode zip_code postal_code postalcode postcode post_code
            plz postleitzahl poststedsnr postal postkode zip_postal post_nr""",
    },
    "city": {
        1.0: """poststed sted by ort postort city town stad stadt wohnort bynavn postby stedsnavn
            bosted bostadsort post_sted post_ort""",
    },
    "country": {
        1.0: """land landkode country country_code landskod countrycode nation iso_country
            country_iso landiso iso_land laenderkennzeichen landerkode""",
    },
    "consents.acceptsTerms": {
        1.0: """vilkar godtatt_vilkar aksepterer_vilkar akseptert_vilkar vilkar_akseptert
            vilkar_godtatt terms accepts_terms accepted_terms accept_terms terms_accepted
            medlemsvilkar villkor godkant_villkor godkanner_villkor villkor_godkanda betingelser
            handelsbetingelser agb tos terms_and_conditions agb_akzeptiert accepterer_betingelser
            vilkaar accepteret_betingelser betingelser_accepteret medlemsvillkor
            terms_consent samtykke_vilkar accept_betingelser""",
        0.65: "samtykke consent gdpr gdpr_consent samtycke godkjent einwilligung samtykke_gitt",
    },
    "consents.acceptsEmail": {
        1.0: """epost_samtykke samtykke_epost email_consent consent_email accepts_email
            accept_email email_opt_in emailoptin opt_in_email nyhetsbrev newsletter
            email_permission permission_email epost_ok email_ok mail_ok tillat_epost
            tillater_epost epost_reklame nyhedsbrev email_marketing marketing_email
            reklame_epost epostutskick epost_utskick email_utskick emailutskick nyhetsbrev_ok
            samtycke_epost mail_samtykke mail_tilladelse samtykke_mail samtykke_email
            email_samtykke accepterer_email mailpermission email_tilladelse
            werbung_email email_werbung einwilligung_email epost_tillatt vil_ha_epost
            newsletter_optin nyhetsbrev_epost ja_til_epost allow_email email_allowed""",
    },
    "consents.acceptsSms": {
        1.0: """sms_samtykke samtykke_sms sms_consent consent_sms accepts_sms accept_sms
            sms_opt_in smsoptin opt_in_sms sms_permission permission_sms sms_ok tillat_sms
            tillater_sms sms_reklame sms_marketing marketing_sms reklame_sms smsutskick
            sms_utskick samtycke_sms sms_tilladelse sms_werbung werbung_sms einwilligung_sms
            sms_tillatt vil_ha_sms ja_til_sms accepterer_sms allow_sms sms_allowed sms""",
    },
    "metaData.isVip": {1.0: "vip is_vip vip_kunde vip_kund vip_medlem vipkunde er_vip vip_flag"},
    ":card": {
        1.0: """kortnr kortnummer medlemskort card_no card_number loyalty_card kundekort bonuskort
            kundekortnr medlemskortnr medlemskortnummer bonuskortnr kundenkarte kartennummer
            kartennr kort card kundkort stamkort""",
    },
    ":otherPhone": {
        1.0: """hjemmetelefon privattelefon fasttelefon fasttlf home_phone phone_home landline
            arbeidstelefon jobbtelefon arbetstelefon work_phone phone_work telefon2 phone2
            tlf_privat tlf_arbeid tlf_jobb tlf2 festnetz fax hemtelefon telefon_privat
            telefon_arbeid alternative_phone ekstra_telefon fastnettelefon telefon_hjem
            telefon_arbejde telefon_hem""",
    },
    ":otherEmail": {1.0: "epost2 email2 alternative_email ekstra_epost work_email jobbmail"},
    ":middle": {1.0: "mellomnavn middle_name mellannamn middle mellemnavn initialer initials"},
    ":address2": {
        1.0: """adresse2 address2 address_line_2 adresselinje2 co_adresse co coadresse
            adressrad2 adresse_linje_2 street2 adresszusatz""",
    },
    ":region": {
        1.0: """region state kommune kommun fylke lan county province bundesland kommunenr
            municipality district bydel""",
    },
    ":created": {
        1.0: """opprettet innmeldt registrert skapad skapat oprettet created created_at
            created_date createddate join_date joined joined_at member_since innmeldingsdato
            innmeldt_dato registreringsdato registreringsdatum erstellt eintrittsdatum
            signup_date sign_up_date medlem_siden medlem_sedan medlem_fra registered
            registration_date opprettet_dato oprettelsesdato indmeldt indmeldelsesdato
            angelegt angelegt_am enrolled enrollment_date inskrivningsdatum reg_dato regdato
            kundesiden kunde_siden start_dato gemerkt mitglied_seit kund_sedan medlemsdato
            inntradt medlemskap_start opprettetdato since registerdatum created_on""",
    },
    ":updated": {
        1.0: """endret oppdatert andrad andret updated updated_at modified modified_at
            last_modified last_updated sist_endret sist_oppdatert sidst_andret senast_andrad
            geandert geandert_am endret_dato endringsdato modifieddate sidst_opdateret opdateret
            uppdaterad last_login siste_innlogging sist_aktiv timestamp aendert""",
    },
    ":consented": {
        1.0: """samtykke_dato samtykkedato consent_date samtycke_datum vilkar_dato
            vilkaar_dato gdpr_dato consent_timestamp optin_date""",
    },
    ":points": {
        1.0: """poeng poang point points saldo bonus bonuspoeng bonuspoang bonuspoint
            bonuspoints punkte punkter punktestand poengsaldo balance points_balance
            poangsaldo bonussaldo poengstatus bonuspunkte""",
    },
    ":store": {
        1.0: """butikk butik butikknr butiksnr butikkid hjemmebutikk home_store favorite_store
            favourite_store filiale filial store store_id store_no stammfiliale favorittbutikk
            avdeling hemmabutik hjemmebutik innmeldt_butikk registration_store signup_store
            stambutik shop""",
    },
    ":level": {
        1.0: """niva niveau tier level segment status kundegruppe kundetype medlemsniva
            medlemsniveau membership_level member_type kundkategori type kategori category
            kundenart kundsegment kundesegment medlemstype group gruppe medlemsstatus""",
    },
    ":national": {
        1.0: """fodselsnummer fodselsnr personnummer personnr fnr ssn cpr cprnr cpr_nummer
            national_id social_security_number pnr persnr orgpersonnr""",
    },
    ":notes": {
        1.0: """merknad merknader kommentar notat notater comment comments note notes anteckning
            bemarkning bemarkninger bemerkung bemerkungen fritekst annet ovrigt
            beskrivelse remarks memo""",
    },
    ":language": {1.0: "sprak language sprog sprache lang locale sprakkode sprogkode"},
    ":company": {
        1.0: """firma bedrift company foretag orgnr organisasjonsnummer company_name bedriftsnavn
            virksomhed cvr cvrnr organisationsnummer firmenname foretaksnavn""",
    },
    ":lastPurchase": {
        1.0: """siste_kjop last_purchase siste_handel senaste_kop seneste_kob letzter_einkauf
            last_purchase_date siste_kjopsdato sidste_kob last_visit sist_handlet""",
    },
    ":turnover": {
        1.0: """omsetning total_kjop turnover total_spent total_spend omsatning revenue umsatz
            kjop_12_mnd antall_kjop lifetime_value ltv sum_kjop kjopsbelop total_sales
            forbruk purchases number_of_purchases""",
    },
    ":row": {
        1.0: """rad radnr rownum row row_id row_number linje linjenr lopenr lfd_nr index
            line_no line recno seq sequence rec_type record_type posttype recordtype
            batch_id file_id checksum hash""",
    },
    ":active": {
        1.0: """aktiv active is_active slettet deleted is_deleted inaktiv inactive sperret
            blocked blokkert gelosht gesperrt borttagen spart slettet_dato dod utmeldt""",
    },
    ":otherConsent": {
        1.0: """post_samtykke brev samtykke_post postal_consent telefon_samtykke phone_consent
            samtykke_telefon push push_ok accepts_push profilering profiling telemarketing
            direct_mail dm_ok reklame_post samtykke_profilering third_party tredjepart
            werbung_post katalog reservert""",
    },
    ":occasion": {1.0: "navnedag bryllupsdag anniversary"},
    ":size": {1.0: "skostorrelse storrelse shoe_size skostorlek storlek size konfeksjon"},
    ":interests": {1.0: "interesser interests intressen interessen hobby hobbyer"},
    ":source": {1.0: "kilde source kalla quelle kanal channel opprinnelse origin system"},
    ":password": {1.0: "passord password losenord passwort pin pinkode adgangskode pwd"},
    ":coordinates": {1.0: "lat latitude lon lng longitude breddegrad lengdegrad"},
}
