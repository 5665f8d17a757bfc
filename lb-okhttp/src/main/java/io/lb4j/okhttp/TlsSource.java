package io.lb4j.okhttp;

import io.lb4j.Scheduler;
import io.lb4j.ServiceInstance;
import io.lb4j.okhttp.Pem.PemException;
import io.lb4j.okhttp.TlsMaterial.Content;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * What one {@link TlsSettings} means for one client: the material as it is now, renewed when its files change. Thread-safe.
 */
final class TlsSource implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(TlsSource.class.getName());
    private static final Duration DAY = Duration.ofDays(1);

    private final TlsSettings settings;
    private final OkHttpClient attempts;
    private final OkHttpClient base;
    private final Scheduler scheduler;
    private final Clock clock;
    private final Executor reader;

    /** What each service does about new material, and its name. */
    private final Map<Runnable, String> services = new ConcurrentHashMap<>();

    /** The next four are of the thread that looks at the files. */
    private @Nullable Content used;

    private @Nullable Content seen;
    private @Nullable Instant warned;
    private int renewed;

    private final AtomicBoolean predicateFailed = new AtomicBoolean();
    private volatile @Nullable TlsMaterial material;
    private volatile Secured current;
    private volatile int renewals;
    private volatile @Nullable String problem;
    private volatile boolean closed;
    private volatile Scheduler.@Nullable Task next;

    /**
     * Reads the files, if there are any.
     *
     * @throws IllegalStateException if they can't be used, saying which, why and what to do
     */
    TlsSource(TlsSettings settings, OkHttpClient base, OkHttpClient attempts, Scheduler scheduler, Clock clock) {
        this.settings = settings;
        this.base = base;
        this.attempts = attempts;
        this.scheduler = scheduler;
        this.reader = scheduler == Scheduler.shared() ? Readers.EXECUTOR : Runnable::run;
        this.clock = clock;
        if (!settings.isOwn()) {
            this.current = Secured.ofClient(attempts);
            return;
        }
        if (base.connectionSpecs().stream().noneMatch(ConnectionSpec::isTls)) {
            throw new IllegalStateException(
                    "tls: " + settings + " (expected: an OkHttpClient whose connectionSpecs allow TLS)");
        }
        try {
            Content content = Content.of(settings);
            this.current = make(content);
            this.used = content;
            this.seen = content;
        } catch (PemException e) {
            throw new IllegalStateException("tls: " + e.getMessage(), e);
        }
        if (settings.isFiles()) {
            warnIfNearlyExpired();
            this.next = scheduler.schedule(this::lookSoon, settings.reloadEvery);
        }
    }

    /** Made when the first file is looked at again. */
    private static final class Readers {
        static final Executor EXECUTOR = WorkerThreads.upTo(4, "lb4j-tls");
    }

    /** The scheduler's thread has calls to end in time and must not wait for a file system; one that was given may. */
    private void lookSoon() {
        try {
            reader.execute(this::look);
        } catch (RejectedExecutionException e) {
            // All are reading.
            lookAgain();
        }
    }

    private void lookAgain() {
        if (!closed) {
            next = scheduler.schedule(this::lookSoon, settings.reloadEvery);
        }
    }

    boolean isSecure(ServiceInstance instance) {
        try {
            return settings.isSecure(instance);
        } catch (RuntimeException e) {
            if (predicateFailed.compareAndSet(false, true)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        label() + ": when threw of instance " + instance.id()
                                + " (expected: never); TLS is spoken to such" + " instances, and this is said once",
                        e);
            }
            return true;
        }
    }

    /** What connections are to be made with from now on; the object changes when that does. */
    Secured current() {
        return current;
    }

    /** Runs this of a service, on the thread that read the files, each time {@link #current()} has changed. */
    void onRenewal(String service, Runnable value) {
        services.put(value, service);
    }

    void forget(Runnable value) {
        services.remove(value);
    }

    /** For people: whose it is. */
    private String label() {
        return services.isEmpty() ? "tls" : "tls of " + String.join(", ", new TreeSet<>(services.values()));
    }

    TlsReport report() {
        TlsMaterial now = material;
        if (now == null) {
            return new TlsReport(null, null, List.of(), null, 0, null);
        }
        return new TlsReport(
                now.identity().isEmpty() ? null : name(now.identity().get(0)),
                TlsMaterial.firstExpiry(now.identity()),
                now.authorities().stream().map(TlsSource::name).toList(),
                TlsMaterial.firstExpiry(now.authorities()),
                renewals,
                problem);
    }

    private Secured make(Content content) throws PemException {
        TlsMaterial made = TlsMaterial.of(
                settings,
                content,
                Objects.requireNonNull(base.x509TrustManager(), "an OkHttpClient with TLS has a trust manager"),
                base.sslSocketFactory(),
                clock.instant());
        material = made;
        return Secured.of(attempts, made, settings);
    }

    private void look() {
        if (closed) {
            return;
        }
        try {
            Content content = Content.of(settings);
            boolean settled = content.equals(seen);
            seen = content;
            if (content.equals(used)) {
                problem = null;
            } else if (settled) {
                // Also what was refused before: a certificate that was not valid yet may be by now.
                current = make(content);
                used = content;
                problem = null;
                renewals = ++renewed;
                LOG.log(System.Logger.Level.INFO, label() + ": renewed from " + settings);
                services.keySet().forEach(Runnable::run);
            }
        } catch (PemException | RuntimeException e) {
            refused(e);
        } finally {
            warnIfNearlyExpired();
            lookAgain();
        }
    }

    private void refused(Exception e) {
        String why = String.valueOf(e.getMessage());
        if (!why.equals(problem)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    label() + ": " + why + "; what was in use stays in use, and this is said once");
        }
        problem = why;
    }

    private void warnIfNearlyExpired() {
        TlsMaterial now = material;
        Instant today = clock.instant();
        Instant last = warned;
        if (now == null || (last != null && today.isBefore(last.plus(DAY)))) {
            return;
        }
        Instant limit = today.plus(settings.warnBefore);
        boolean any = warn(String.valueOf(settings.certificates), now.identity(), today, limit);
        any |= warn(String.valueOf(settings.trust), now.authorities(), today, limit);
        if (any) {
            warned = today;
        }
    }

    private boolean warn(String file, List<X509Certificate> all, Instant today, Instant limit) {
        boolean any = false;
        for (X509Certificate each : all) {
            Instant end = each.getNotAfter().toInstant();
            if (end.isBefore(limit)) {
                any = true;
                LOG.log(
                        System.Logger.Level.WARNING,
                        label() + ": " + file + ": the certificate of " + name(each) + " expires at " + end + ", in "
                                + Math.max(0, Duration.between(today, end).toDays()) + " days");
            }
        }
        return any;
    }

    private static String name(X509Certificate certificate) {
        return certificate.getSubjectX500Principal().getName();
    }

    @Override
    public void close() {
        closed = true;
        Scheduler.Task task = next;
        if (task != null) {
            task.cancel();
        }
    }

    @Override
    public String toString() {
        return "TlsSource[" + settings + "]";
    }
}
