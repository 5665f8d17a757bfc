package io.lb4j.okhttp;

import io.lb4j.Subset;
import io.lb4j.okhttp.rules.Mirror;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.stream.Collectors;
import okhttp3.Authenticator;
import okhttp3.Call;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Sends copies of calls and forgets them. On threads of its own: a copy that hangs must keep no call waiting. If all of those are taken, the copy
 * is dropped. Thread-safe.
 */
final class MirrorCalls implements AutoCloseable {
    /** Marks a copy, for whoever has to know. */
    static final String HEADER = "Lb4j-Mirrored";

    static final int MAX_UNDER_WAY = 64;

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final OkHttpClient client;
    private final ThreadPoolExecutor threads = WorkerThreads.upTo(MAX_UNDER_WAY, "lb4j-mirror");

    /** Where a copy goes. */
    private record Target(@Nullable Subset subset) {}

    MirrorCalls(Services services) {
        // As a further attempt, but that nothing is kept of it: no cookie, no cached answer, no second request.
        OkHttpClient.Builder builder = services.transport()
                .attempts
                .newBuilder()
                .cookieJar(CookieJar.NO_COOKIES)
                .cache(null)
                .authenticator(Authenticator.NONE)
                .followRedirects(false)
                .callTimeout(TIMEOUT);
        this.client = builder.addInterceptor(new Interceptor() {
                    @Override
                    public Response intercept(Chain chain) throws IOException {
                        return copied(services, chain);
                    }
                })
                .build();
    }

    private static Response copied(Services services, Interceptor.Chain chain) throws IOException {
        LiveRules rules = services.rules();
        Request request = rules == null || rules.current().firewall() == null
                ? chain.request()
                : FirewallWatch.on(chain.call(), rules).checked(chain.request());
        Target target = request.tag(Target.class);
        Service service = services.get(request.url().host());
        CallTerms terms = service.terms().mirrored(target == null ? null : target.subset);
        return new BalancedCall(services, chain, true, service, request, terms, null, (redirect, next, link) -> {
                    throw redirect;
                })
                .run();
    }

    /**
     * Sends a copy.
     *
     * @param request as the call itself goes on
     * @param called the caller's URL, by which the jar knows its cookies
     */
    void send(Request request, Mirror mirror, HttpUrl called, CookieJar jar, RouteCounts counts) {
        RequestBody body = request.body();
        try {
            if (body != null && (body.isOneShot() || body.isDuplex())) {
                counts.mirrorsDropped.increment();
                return;
            }
            Request copy = copy(request, mirror, called, jar);
            threads.execute(() -> send(client.newCall(copy), counts));
        } catch (RuntimeException e) {
            // No thread is left, or the caller's own body or cookie jar threw: the call itself will tell, if it meets
            // that as well.
            counts.mirrorsDropped.increment();
        }
    }

    private static void send(Call call, RouteCounts counts) {
        counts.mirrored.increment();
        try {
            call.execute().close();
        } catch (IOException | RuntimeException e) {
            counts.mirrorFailures.increment();
        }
    }

    private static Request copy(Request request, Mirror mirror, HttpUrl called, CookieJar jar) {
        Request.Builder copy =
                request.newBuilder().header(HEADER, "true").tag(Target.class, new Target(mirror.subset()));
        String service = mirror.service();
        if (service != null) {
            copy.url(request.url()
                    .newBuilder()
                    .host(service)
                    .port(HttpUrl.defaultPort(request.url().scheme()))
                    .build());
        }
        if (jar != CookieJar.NO_COOKIES && request.header("Cookie") == null) {
            List<Cookie> cookies = jar.loadForRequest(called);
            if (!cookies.isEmpty()) {
                copy.header(
                        "Cookie",
                        cookies.stream()
                                .map(each -> each.name() + "=" + each.value())
                                .collect(Collectors.joining("; ")));
            }
        }
        return copy.build();
    }

    /** Sends no further copies; those under way end by themselves. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
