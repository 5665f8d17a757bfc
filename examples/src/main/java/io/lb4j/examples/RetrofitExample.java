package io.lb4j.examples;

import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.okhttp.LoadBalancedClient;
import java.util.Map;
import java.util.TreeMap;
import okhttp3.ResponseBody;
import retrofit2.Call;
import retrofit2.Response;
import retrofit2.Retrofit;
import retrofit2.http.GET;
import retrofit2.http.Path;

/** Retrofit over the balancer: the client is a {@code Call.Factory}, so one line of set-up changes. */
public final class RetrofitExample {
    private RetrofitExample() {}

    /** The remote service as Retrofit sees it. */
    interface Orders {
        @GET("orders/{id}")
        Call<ResponseBody> order(@Path("id") int id);
    }

    /** Fails unless every call is answered and both servers share them. */
    public static void main(String... arguments) throws Exception {
        try (AppServer one = AppServer.start("one", exchange -> "one has " + exchange.getRequestURI());
                AppServer two = AppServer.start("two", exchange -> "two has " + exchange.getRequestURI());
                StaticDiscovery discovery = StaticDiscovery.builder()
                        .service("orders", one.instance(), two.instance())
                        .build();
                LoadBalancedClient client =
                        LoadBalancedClient.builder().discovery(discovery).build()) {
            Orders orders = new Retrofit.Builder()
                    .baseUrl("http://orders/")
                    .callFactory(client)
                    .build()
                    .create(Orders.class);

            Map<String, Integer> byServer = new TreeMap<>();
            for (int id = 0; id < 100; id++) {
                Response<ResponseBody> response = orders.order(id).execute();
                try (ResponseBody body = response.body()) {
                    String text = body == null ? "status " + response.code() : body.string();
                    if (!text.endsWith(" has /orders/" + id)) {
                        throw new AssertionError("order " + id + " was answered by: " + text);
                    }
                    byServer.merge(text.replaceFirst(" .*", ""), 1, Integer::sum);
                }
            }

            System.out.println("100 orders through Retrofit: " + byServer);
            if (byServer.size() != 2) {
                throw new AssertionError("one server had nothing to do: " + byServer);
            }
        }
    }
}
