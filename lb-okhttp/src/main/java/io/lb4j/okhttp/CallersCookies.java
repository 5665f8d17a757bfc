package io.lb4j.okhttp;

import java.util.List;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;

/**
 * The caller's cookie jar for a call that a route sent to another URL: it goes on seeing the URL that was called, as its
 * user knows no other.
 */
final class CallersCookies implements CookieJar {
    private final CookieJar jar;
    private final HttpUrl called;
    private final HttpUrl sent;

    /**
     * A jar for one call.
     *
     * @param called what the caller knows
     * @param sent where it went
     */
    CallersCookies(CookieJar jar, HttpUrl called, HttpUrl sent) {
        this.jar = jar;
        this.called = called;
        this.sent = sent;
    }

    @Override
    public List<Cookie> loadForRequest(HttpUrl url) {
        return jar.loadForRequest(asCalled(url));
    }

    @Override
    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
        if (isOurs(url)) {
            jar.saveFromResponse(
                    asCalled(url), cookies.stream().map(this::asCalled).toList());
        } else {
            jar.saveFromResponse(url, cookies);
        }
    }

    private boolean isOurs(HttpUrl url) {
        return url.host().equals(sent.host());
    }

    private HttpUrl asCalled(HttpUrl url) {
        if (!isOurs(url)) {
            return url;
        }
        // A redirect within the service leads somewhere that the caller has no name for; its host he has.
        // By the scheme on the wire, which decides whether secure cookies may be sent.
        HttpUrl known = WireUrls.of(called, url.isHttps());
        return WireUrls.asCalled(url, sent).equals(sent)
                ? known
                : url.newBuilder().host(known.host()).port(known.port()).build();
    }

    /** Of a path that was rewritten the caller knows nothing. */
    private Cookie asCalled(Cookie cookie) {
        Cookie.Builder its = cookie.newBuilder();
        if (cookie.hostOnly() || sent.host().equals(cookie.domain())) {
            its.hostOnlyDomain(called.host());
        }
        if (!called.encodedPath().equals(sent.encodedPath())
                && !called.encodedPath().startsWith(cookie.path())) {
            its.path("/");
        }
        return its.build();
    }
}
