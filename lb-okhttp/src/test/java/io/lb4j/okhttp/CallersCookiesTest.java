package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;

/** What a caller's cookie jar sees of a call to http://orders that a route sent to http://billing.internal. */
class CallersCookiesTest {
    private static final HttpUrl CALLED = HttpUrl.get("http://orders/invoices");
    private static final HttpUrl SENT = HttpUrl.get("http://billing.internal/invoices");

    private final List<HttpUrl> asked = new ArrayList<>();
    private final List<Cookie> kept = new ArrayList<>();
    private final CallersCookies cookies = new CallersCookies(
            new CookieJar() {
                @Override
                public void saveFromResponse(HttpUrl url, List<Cookie> all) {
                    asked.add(url);
                    kept.addAll(all);
                }

                @Override
                public List<Cookie> loadForRequest(HttpUrl url) {
                    asked.add(url);
                    return kept.stream().filter(each -> each.matches(url)).toList();
                }
            },
            CALLED,
            SENT);

    private Cookie saved(String setCookie) {
        kept.clear();
        cookies.saveFromResponse(SENT, List.of(Cookie.parse(SENT, setCookie)));
        assertThat(kept).hasSize(1);
        return kept.get(0);
    }

    @Test
    void secureCookie_isSentWhereTheWireIsTlsAndNowhereElse() {
        saved("session=1; Secure");
        asked.clear();

        assertThat(cookies.loadForRequest(SENT.newBuilder().scheme("https").build()))
                .hasSize(1);
        assertThat(cookies.loadForRequest(SENT)).isEmpty();
        assertThat(asked).map(HttpUrl::toString).containsExactly("https://orders/invoices", "http://orders/invoices");
    }

    @Test
    void cookie_ofTheDomainThatItWasSentTo_isOfTheHostThatWasCalled() {
        Cookie cookie = saved("session=1; Domain=billing.internal");

        assertThat(cookie.domain()).isEqualTo("orders");
        assertThat(cookie.hostOnly()).isTrue();
        assertThat(cookies.loadForRequest(SENT)).containsExactly(cookie);
    }

    @Test
    void cookie_ofAWiderDomain_staysThatDomains() {
        Cookie cookie = Cookie.parse(HttpUrl.get("http://eu.billing.internal/"), "session=1; Domain=billing.internal");
        List<Cookie> seen = new ArrayList<>();
        HttpUrl sent = HttpUrl.get("http://eu.billing.internal/invoices");
        new CallersCookies(
                        new CookieJar() {
                            @Override
                            public void saveFromResponse(HttpUrl url, List<Cookie> all) {
                                seen.addAll(all);
                            }

                            @Override
                            public List<Cookie> loadForRequest(HttpUrl url) {
                                return List.of();
                            }
                        },
                        CALLED,
                        sent)
                .saveFromResponse(sent, List.of(cookie));

        assertThat(seen).containsExactly(cookie);
    }
}
