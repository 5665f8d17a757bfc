package io.lb4j.okhttp;

import java.io.IOException;
import java.util.Iterator;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * The user's cache, asked before an instance is picked. OkHttp asks it below our interceptor, where the pick was made
 * already and an instance looks busy that nobody speaks to; so it is asked once by itself, and by OkHttp once more if it
 * had nothing.
 */
final class ServiceCache {
    private static final String CACHE_CONTROL = "Cache-Control";
    private static final String ONLY_IF_CACHED = "only-if-cached";

    private ServiceCache() {}

    /** The chain, or a call of its own where the chain may hold a connection. */
    @FunctionalInterface
    interface Asking {
        Response ask(Request request) throws IOException;
    }

    /**
     * What the cache has for this call, or null if an instance has to be asked.
     *
     * @param secured whether the service's answers are kept by their URL with {@code https}
     * @param ask asks the cache only
     */
    @SuppressWarnings("ReferenceEquality") // whether it is the very request
    static @Nullable Response answer(Request request, boolean secured, Asking ask) throws IOException {
        if (!request.method().equals("GET") || request.header("Upgrade") != null) {
            return null;
        }
        CacheControl wish = request.cacheControl();
        if (wish.noCache()
                || wish.noStore()
                || request.header("If-None-Match") != null
                || request.header("If-Modified-Since") != null) {
            return null;
        }
        boolean nobodyElse = wish.onlyIfCached();
        Request.Builder sent = request.newBuilder().url(WireUrls.of(request.url(), secured));
        if (!nobodyElse) {
            sent.addHeader(CACHE_CONTROL, ONLY_IF_CACHED);
        }
        Request asked = sent.build();
        Response response = ask.ask(asked);
        if (!nobodyElse && response.cacheResponse() == null) {
            response.close();
            return null;
        }
        Response logical = WireUrls.logical(response, request, asked);
        return logical.request() == request || nobodyElse ? logical : asAsked(logical, request);
    }

    /** After a redirect that was cached as well: the request that led on has our header. */
    private static Response asAsked(Response response, Request request) {
        Request.Builder last = response.request().newBuilder().removeHeader(CACHE_CONTROL);
        request.headers(CACHE_CONTROL).forEach(each -> last.addHeader(CACHE_CONTROL, each));
        return response.newBuilder().request(last.build()).build();
    }

    /**
     * Forgets what is kept under this URL with {@code https}, after a call without that changed it: OkHttp forgets the URL
     * of the call itself. Only while instances of a service differ, for it looks through the whole cache.
     */
    static void forgetSecured(Cache cache, Request request) throws IOException {
        String key = keyOf(request.url());
        Iterator<String> urls = cache.urls();
        while (urls.hasNext()) {
            if (urls.next().equals(key)) {
                urls.remove();
            }
        }
    }

    private static String keyOf(HttpUrl url) {
        return WireUrls.of(url, true).toString();
    }
}
