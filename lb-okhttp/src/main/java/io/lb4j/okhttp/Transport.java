package io.lb4j.okhttp;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.function.Predicate;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import okhttp3.ConnectionSpec;
import okhttp3.Dispatcher;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;

/** The clients that are made of the user's one, each for one purpose. */
final class Transport {
    /** OkHttp's defaults, which mean a crowd of hosts and not one service of many instances. */
    private static final int DEFAULT_MAX_REQUESTS = 64;

    private static final int DEFAULT_MAX_REQUESTS_PER_HOST = 5;
    static final int RAISED_MAX_REQUESTS = 512;

    /** What is spoken over TLS if the client's own protocols are for plain text only. */
    static final List<Protocol> NEGOTIATED = List.of(Protocol.HTTP_2, Protocol.HTTP_1_1);

    /** The user's own, untouched. */
    final OkHttpClient base;

    private final boolean hasRules;

    /** Calls to services: tuned once here, so that a call has three things to override and not six. */
    private final OkHttpClient.Builder tuned;

    /** Further attempts: no interceptors, which ran already, and no limits, which the call itself observed. */
    final OkHttpClient attempts;

    Transport(OkHttpClient base, Predicate<String> isService, boolean hasRules) {
        this.base = base;
        this.hasRules = hasRules;
        this.tuned = base.newBuilder()
                .retryOnConnectionFailure(false)
                .proxy(null)
                .proxySelector(new ServiceProxies(base.proxy(), base.proxySelector(), isService));
        if (base.connectionSpecs().stream().anyMatch(ConnectionSpec::isTls)) {
            SSLSocketFactory tls = new ServiceTls(base.sslSocketFactory());
            tuned.sslSocketFactory(
                    tls,
                    Objects.requireNonNull(base.x509TrustManager(), "an OkHttpClient with TLS has a trust manager"));
        } else {
            tuned.addNetworkInterceptor(HttpsGuard.INSTANCE);
        }
        tuned.networkInterceptors().add(0, ReplayGuard.INSTANCE);
        if (hasRules) {
            tuned.networkInterceptors().add(1, RerouteGuard.INSTANCE);
            tuned.addNetworkInterceptor(FirewallGuard.INSTANCE);
        }
        OkHttpClient.Builder attempt = tuned.build().newBuilder();
        attempt.interceptors().clear();
        this.attempts = attempt.dispatcher(unlimited(base.dispatcher().executorService()))
                .callTimeout(Duration.ZERO)
                .build();
    }

    /** The client for calls to services, with this interceptor below all of the user's. */
    OkHttpClient services(Interceptor last) {
        Dispatcher own = base.dispatcher();
        if (own.getMaxRequests() == DEFAULT_MAX_REQUESTS
                && own.getMaxRequestsPerHost() == DEFAULT_MAX_REQUESTS_PER_HOST) {
            own = limited(own.executorService(), RAISED_MAX_REQUESTS);
        }
        return tuned.build().newBuilder().addInterceptor(last).dispatcher(own).build();
    }

    /** The client for everything else: the user's, but for what an interceptor of his sends to a service after all. */
    OkHttpClient others(Interceptor last) {
        OkHttpClient.Builder builder = base.newBuilder().addInterceptor(last);
        return (hasRules ? builder.addNetworkInterceptor(FirewallGuard.INSTANCE) : builder).build();
    }

    /**
     * What calls to services are set to before interceptors change anything.
     *
     * @param ours whether the call is made by our own client, or by one with our interceptor
     */
    OkHttpClient settings(boolean ours) {
        return ours ? attempts : base;
    }

    /**
     * What connections to an instance are made with.
     *
     * @param secure whether it is spoken TLS to
     */
    SocketFactory sockets(boolean secure) {
        // Over HTTP/2 a call is told, by REFUSED_STREAM or GOAWAY; and an interrupt closes a channel that is in use,
        // which would be the end of all calls on the connection.
        boolean http2 = beginsWithHttp2() || (secure && base.protocols().contains(Protocol.HTTP_2));
        return http2 ? base.socketFactory() : ChannelSockets.insteadOf(base.socketFactory());
    }

    /** Whether the client speaks HTTP/2 without asking the server first, and nothing else. */
    boolean beginsWithHttp2() {
        return base.protocols().contains(Protocol.H2_PRIOR_KNOWLEDGE);
    }

    static Dispatcher unlimited(ExecutorService executor) {
        return limited(executor, Integer.MAX_VALUE);
    }

    private static Dispatcher limited(ExecutorService executor, int max) {
        Dispatcher dispatcher = new Dispatcher(executor);
        dispatcher.setMaxRequests(max);
        dispatcher.setMaxRequestsPerHost(max);
        return dispatcher;
    }
}
