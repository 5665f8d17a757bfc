package io.lb4j.examples;

import com.sun.net.httpserver.HttpExchange;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import io.lb4j.okhttp.PersistenceCookie;
import io.lb4j.okhttp.PersistenceCookie.Session;
import java.io.IOException;
import java.security.SecureRandom;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A web tier that keeps each of its users with one server behind it, by a cookie that nobody can read or edit. When that server dies, the
 * user gets another one, and a new cookie.
 */
public final class WebTier {
    private static final OkHttpClient BROWSER = new OkHttpClient();

    private WebTier() {}

    /** Fails unless the user stays with a server, moves when it dies, and gets nowhere with a cookie of his own making. */
    public static void main(String... arguments) throws Exception {
        byte[] secret = new SecureRandom().generateSeed(32); // the same in all processes: read it from a safe place
        PersistenceCookie cookie =
                PersistenceCookie.builder("lb", "carts").key(secret).build();
        try (AppServer one = AppServer.start("one");
                AppServer two = AppServer.start("two");
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("carts", one.instance(), two.instance())
                        .build();
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build();
                AppServer web = AppServer.start("web", exchange -> page(exchange, client, cookie))) {
            String url = "http://127.0.0.1:" + web.instance().port() + "/";
            String[] user = {""};
            String first = visit(url, user);
            String same = visit(url, user) + visit(url, user) + visit(url, user);
            System.out.println("the user is with " + first + ", by " + user[0]);
            (first.equals("one") ? one : two).stop();
            String second = visit(url, user);
            System.out.println(first + " died; the user is with " + second + ", by " + user[0]);
            user[0] = "lb=" + first;
            String forged = visit(url, user);
            if (!same.equals(first.repeat(3)) || second.equals(first) || !forged.equals(second)) {
                throw new AssertionError(first + ", then " + same + ", then " + second + ", then " + forged);
            }
            System.out.println("a cookie of the user's own making: " + cookie.rejected() + " rejected");
        }
    }

    private static String page(HttpExchange exchange, LoadBalancedClient client, PersistenceCookie cookie)
            throws IOException {
        Session session = cookie.session(exchange.getRequestHeaders().getFirst("Cookie"));
        String page = Http.send(
                client,
                new Request.Builder()
                        .url("http://carts/")
                        .tag(Session.class, session)
                        .build());
        String setCookie = session.setCookie();
        if (setCookie != null) {
            exchange.getResponseHeaders().add("Set-Cookie", setCookie);
        }
        return page;
    }

    /** What a browser does, as far as it matters here. */
    private static String visit(String url, String[] cookie) throws IOException {
        Request request =
                new Request.Builder().url(url).header("Cookie", cookie[0]).build();
        try (Response response = BROWSER.newCall(request).execute()) {
            String set = response.header("Set-Cookie");
            cookie[0] = set == null ? cookie[0] : set.substring(0, set.indexOf(';'));
            return response.body().string();
        }
    }
}
