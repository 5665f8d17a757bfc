package io.lb4j.okhttp;

import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Between what the application calls and what OkHttp is told to: {@code http} there and {@code https} here, where TLS is
 * spoken to an instance whatever URLs say. Host and port are the same on both sides.
 */
final class WireUrls {
    private static final String HTTP = "http";
    private static final String HTTPS = "https";

    private WireUrls() {}

    /** The URL as OkHttp is told it. */
    static HttpUrl of(HttpUrl url, boolean secure) {
        return secure && !url.isHttps() ? url.newBuilder().scheme(HTTPS).build() : url;
    }

    /** The request as OkHttp is told it. */
    static Request wire(Request request, boolean secure) {
        HttpUrl url = request.url();
        return secure && !url.isHttps()
                ? request.newBuilder()
                        .url(of(url, true))
                        .tag(Called.class, new Called(url))
                        .build()
                : request;
    }

    /** What the application called, kept by whatever OkHttp makes of the request. */
    private record Called(HttpUrl url) {}

    /** The request as the application knows it, for those who judge it by its URL. */
    static Request asCalled(Request sent) {
        Called called = sent.tag(Called.class);
        HttpUrl url = called == null ? sent.url() : asCalled(sent.url(), called.url);
        return url.equals(sent.url()) ? sent : sent.newBuilder().url(url).build();
    }

    /**
     * The answer as the application is to see it.
     *
     * @param asked the request before {@link #wire} made {@code sent} of it
     */
    @SuppressWarnings("ReferenceEquality") // whether it is the very request, which has the caller's tags
    static Response logical(Response response, Request asked, Request sent) {
        Request last = response.request();
        if (asked == sent) {
            return response;
        }
        Response.Builder builder = response.newBuilder().request(last == sent ? asked : logical(last, asked));
        Response prior = response.priorResponse();
        if (prior != null) {
            builder.priorResponse(logical(prior, asked, sent));
        }
        return builder.build();
    }

    /** After a redirect within the service; one to another host is as it is. */
    private static Request logical(Request last, Request asked) {
        HttpUrl url = asCalled(last.url(), asked.url());
        return url.equals(last.url()) ? last : last.newBuilder().url(url).build();
    }

    /**
     * The other way round: a URL as the application knows it, where TLS is spoken whatever URLs say.
     *
     * @param called what it called, which says whether it knows of TLS
     */
    static HttpUrl asCalled(HttpUrl url, HttpUrl called) {
        return url.isHttps() && !called.isHttps() && url.host().equals(called.host())
                ? url.newBuilder().scheme(HTTP).build()
                : url;
    }
}
