import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageClientExt;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Consumes until a number of distinct messages was seen and writes one JSON line for each delivery.
 * Arguments: nameServer topic group count output mode (concurrent | orderly | broadcast | retry) tags timeoutSeconds.
 */
public class Consume {
    public static void main(String[] args) {
        try {
            run(args);
        } catch (Throwable problem) {
            problem.printStackTrace();
            System.exit(1);
        }
    }

    private static void run(String[] args) throws Exception {
        int count = Integer.parseInt(args[3]);
        String mode = args[5];
        Set<String> seen = ConcurrentHashMap.newKeySet();
        Set<String> failedOnce = ConcurrentHashMap.newKeySet();
        CountDownLatch done = new CountDownLatch(1);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName("consume-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        if (mode.equals("broadcast")) {
            broadcasting(consumer);
        }
        consumer.subscribe(args[1], args[6]);
        PrintWriter out = new PrintWriter(args[4], "UTF-8");
        if (mode.equals("orderly")) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
                record(out, messages, seen, count, done);
                return ConsumeOrderlyStatus.SUCCESS;
            });
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                if (mode.equals("retry")) {
                    for (MessageExt message : messages) {
                        if (Integer.parseInt(message.getUserProperty("seq")) % 100 == 0 && failedOnce.add(message.getKeys())) {
                            return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                        }
                    }
                }
                record(out, messages, seen, count, done);
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        consumer.start();
        boolean complete = done.await(Long.parseLong(args[7]), TimeUnit.SECONDS);
        // What comes now would be a duplicate: give it a moment to show itself.
        Thread.sleep(500);
        consumer.shutdown();
        synchronized (out) {
            out.close();
        }
        System.exit(complete ? 0 : 3);
    }

    /** The enum of the message model moved between 4.9 and 5.x, so it is found by reflection. */
    private static void broadcasting(DefaultMQPushConsumer consumer) throws Exception {
        for (java.lang.reflect.Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (method.getName().equals("setMessageModel")) {
                for (Object constant : method.getParameterTypes()[0].getEnumConstants()) {
                    if (constant.toString().equals("BROADCASTING")) {
                        method.invoke(consumer, constant);
                    }
                }
            }
        }
    }

    private static void record(PrintWriter out, List<MessageExt> messages, Set<String> seen, int count, CountDownLatch done) {
        synchronized (out) {
            for (MessageExt message : messages) {
                String body = new String(message.getBody(), StandardCharsets.UTF_8);
                out.printf("{\"seq\":%s,\"body\":\"%s\",\"tags\":\"%s\",\"keys\":\"%s\",\"flag\":%d,\"queueId\":%d,\"queueOffset\":%d,\"msgId\":\"%s\",\"offsetMsgId\":\"%s\",\"reconsumeTimes\":%d,\"brokerName\":\"%s\"}%n",
                    message.getUserProperty("seq"), body.length() > 40 ? "#" + body.length() : body, message.getTags(), message.getKeys(), message.getFlag(),
                    message.getQueueId(), message.getQueueOffset(), message.getMsgId(),
                    ((MessageClientExt) message).getOffsetMsgId(), message.getReconsumeTimes(), message.getBrokerName());
                seen.add(message.getUserProperty("seq"));
            }
            out.flush();
            if (seen.size() >= count) {
                done.countDown();
            }
        }
    }
}
