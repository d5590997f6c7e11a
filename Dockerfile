FROM node:24-slim AS build
WORKDIR /gavel
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
# The bundles of ECharts for browsers are 51 MB; reports are drawn with its modules.
RUN npm run build && npm prune --omit=dev && rm -r node_modules/echarts/dist

FROM node:24-slim
WORKDIR /gavel
ENV NODE_ENV=production
COPY --from=build /gavel/package.json ./
COPY --from=build /gavel/node_modules ./node_modules
COPY --from=build /gavel/config ./config
COPY --from=build /gavel/dist ./dist
RUN mkdir /data && chown node /data
USER node
EXPOSE 8080
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--data", "/data"]
